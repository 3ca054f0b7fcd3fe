"""The user's side of a conversation: intents and server events in; client events and player commands out. Pure."""
