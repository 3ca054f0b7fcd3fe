"""The server side of a conversation: buffer, turns, items and responses. Pure: no I/O, thread, clock or chance."""
