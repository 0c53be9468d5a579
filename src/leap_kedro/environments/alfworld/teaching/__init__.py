"""The oracle with its planner, the experts and the clauses of their reasons."""
