"""The text game with rules, state and texts, as in TextWorld."""
