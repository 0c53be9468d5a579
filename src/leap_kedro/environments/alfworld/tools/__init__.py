"""Programs for `python -m`, and the reference implementation for comparison."""
