"""Where tasks come from: the generator and the official files."""
