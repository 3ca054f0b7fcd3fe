"""Those who answer the user: the local skills, and language models behind OpenAI-compatible endpoints."""
