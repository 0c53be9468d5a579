"""Sources of shops and goals: the generator and the official files."""
