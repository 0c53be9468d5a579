"""The LLM teacher: any model behind an OpenAI-compatible server, which sees the facts hidden from the student."""
