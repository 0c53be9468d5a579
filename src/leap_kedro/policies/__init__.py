"""Policies: a local model, a model behind a server, a script; and the driver that plays tasks with them."""
