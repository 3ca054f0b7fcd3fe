"""Speech to text: those who turn an utterance into words."""
