"""Results of evaluations: success with its interval, by task type, and the conditions of comparisons."""
