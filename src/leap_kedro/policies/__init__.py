"""Who answers: a local model, a server, a script."""
