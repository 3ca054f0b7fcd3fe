"""For the tests of the server: every event that is sent must be the vendors' own."""

from sent_events import strictly_checked

__all__ = ["strictly_checked"]
