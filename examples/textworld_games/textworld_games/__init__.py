"""TextWorld games as an environment of leap_kedro."""
