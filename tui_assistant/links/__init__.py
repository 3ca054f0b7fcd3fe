"""Where a conversation runs: here, behind a Realtime server, or turns here and the model there."""
