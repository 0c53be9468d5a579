"""Where games come from: the generator and the official files."""
