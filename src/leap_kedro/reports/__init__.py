"""Reports: plots of an experiment, and a page of episodes and corrections per iteration."""
