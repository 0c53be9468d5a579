"""Teachers that correct the student, the checks of their corrections, and the demonstrations that start the loop."""
