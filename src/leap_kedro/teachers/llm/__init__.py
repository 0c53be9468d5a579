"""The LLM teacher: any model behind an OpenAI-compatible server, shown what was hidden from the student."""
