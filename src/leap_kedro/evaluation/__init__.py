"""What an evaluation says about a policy: success with its interval, by task type, and what to compare with what."""
