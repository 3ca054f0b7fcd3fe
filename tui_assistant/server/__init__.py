"""The WebSocket door to the engine: other programs speak the Realtime protocol with sessions of this process."""
