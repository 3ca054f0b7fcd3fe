"""The Realtime protocol as data: the session's configuration, client and server events, and their JSON. No I/O."""
