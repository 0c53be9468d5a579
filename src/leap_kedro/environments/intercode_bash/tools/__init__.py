"""Programs for `python -m`."""
