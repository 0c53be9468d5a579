"""The shop: search, pages, sessions and rewards, as in the original."""
