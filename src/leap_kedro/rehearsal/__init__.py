"""A rehearsal of the loop: one minute on any machine, with a small random student, in a temporary folder."""
