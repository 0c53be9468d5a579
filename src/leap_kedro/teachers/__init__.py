"""Teachers, the checks of their corrections, and the demonstrations that the loop starts from."""
