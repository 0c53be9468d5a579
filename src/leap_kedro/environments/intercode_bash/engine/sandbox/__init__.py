"""Sandboxes: where commands that a model wrote run."""
