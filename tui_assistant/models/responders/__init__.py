"""What answers the user: the local skills, and language models behind OpenAI-compatible endpoints."""
