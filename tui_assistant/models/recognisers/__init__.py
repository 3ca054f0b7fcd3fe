"""Speech to text: models that turn an utterance into words."""
