"""Sources of tasks: the generator and the official files."""
