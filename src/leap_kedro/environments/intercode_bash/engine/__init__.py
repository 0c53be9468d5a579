"""Execution of commands and rewards of their results."""
