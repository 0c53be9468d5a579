"""Programs to be run by `python -m`, and the reference implementation for comparison."""
