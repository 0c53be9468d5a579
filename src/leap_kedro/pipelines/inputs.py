"""Inputs that nodes of several stages share, in the order of their arguments."""

ENVIRONMENT = ["params:environment", "params:environments"]
"""Name of the environment, and the options of all environments."""

PLAYING = ["params:serving", "params:compute", *ENVIRONMENT, "params:seed"]
"""What a policy of the loop needs to play, besides the parameters of the stage."""
