"""The student that ships: a small Llama whose tokenizer knows an environment's closed vocabulary."""
