"""The turn-detection contract as checks of behaviour against any Realtime server."""
