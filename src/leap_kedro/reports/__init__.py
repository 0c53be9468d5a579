"""What people look at: plots of an experiment, and a page of episodes and corrections an iteration."""
