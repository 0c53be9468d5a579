"""Policies answer conversations: a local model, a server, a script."""
