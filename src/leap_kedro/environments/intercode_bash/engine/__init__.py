"""What runs commands and rewards what they left."""
