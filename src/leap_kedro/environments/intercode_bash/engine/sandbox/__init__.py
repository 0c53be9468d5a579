"""Sandboxes for the commands of a model."""
