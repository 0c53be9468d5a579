"""Storage: Kedro datasets that write atomically and resume."""
