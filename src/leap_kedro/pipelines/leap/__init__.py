"""The stages composed: one iteration, and the loop unrolled."""
