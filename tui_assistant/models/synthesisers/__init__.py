"""Text to speech: adapters to the Synthesiser port."""
