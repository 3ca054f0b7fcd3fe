"""One running conversation: microphone, link, speaker and client core on a thread of their own."""
