"""MLflow: one parent run per experiment, one child run per iteration, and what is logged to them (`catalog.py`)."""
