"""WebShop (Yao et al., NeurIPS 2022): shopping by instruction, as a text game."""
