"""Rendering of conversations and parsing of replies: the same functions for rollout and for training."""
