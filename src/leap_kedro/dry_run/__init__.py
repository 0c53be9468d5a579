"""The loop rehearsed in a minute on any machine: with a small random student, in a temporary folder."""
