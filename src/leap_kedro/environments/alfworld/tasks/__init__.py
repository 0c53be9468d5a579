"""Sources of games: the generator and the official files."""
