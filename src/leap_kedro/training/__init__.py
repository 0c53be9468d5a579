"""Fine-tuning: episodes as prefix trees, TRL's trainer on them, in a process of its own."""
