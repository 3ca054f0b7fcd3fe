"""What the screen looks like, as pure functions from plain values to lines of (text, role) runs; no Textual in here."""
