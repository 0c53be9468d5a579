"""The included student: a small Llama with a tokenizer for an environment's closed vocabulary."""
