"""The shop with search, pages, sessions and rewards, as in the original."""
