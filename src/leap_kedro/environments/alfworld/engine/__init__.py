"""The text game: rules, state and wordings, as TextWorld plays them."""
