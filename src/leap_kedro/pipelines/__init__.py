"""The stages of the loop: lists of nodes, pure functions, typed parameters."""
