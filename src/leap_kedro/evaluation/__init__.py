"""Results of evaluations: success with its interval, by task type, and which results may be compared."""
