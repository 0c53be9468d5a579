"""Programs to be run by `python -m`."""
