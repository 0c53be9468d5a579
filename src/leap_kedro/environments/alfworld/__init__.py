"""ALFWorld (Shridhar et al., ICLR 2021): household tasks as a text game."""
