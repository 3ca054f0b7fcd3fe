"""What a session leaves on disk, when the user asked for it: the input log, and how it is read again."""
