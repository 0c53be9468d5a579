"""Where shops and goals come from: the generator and the official files."""
