"""When the plain mode says what leaves this machine: after what changes it for long, and not with each turn."""

from __future__ import annotations

from tui_assistant.runtime.api import Snapshot
from tui_assistant.safetext import clean
from tui_assistant.tui.drawing.traffic import PLACE_WIDTH, mark

SETTLED_S = 1.0  # what goes out has followed the change by then


class Arrow:
    """Asked again and again with the newest snapshot; answers with a line when there is something new to say."""

    def __init__(self) -> None:
        self._before: object = None
        self._due: float | None = None
        self._said = ""

    def take(self, snapshot: Snapshot, now: float) -> str:
        """`now` in seconds. Empty: nothing to say."""
        matters = (snapshot.link_state, snapshot.mode, snapshot.muted)
        if matters != self._before:
            self._before, self._due = matters, now + SETTLED_S
        found = mark(snapshot)
        if found is None or self._due is None or now < self._due or snapshot.talking:
            return ""
        self._due = None
        text = arrow_words(snapshot)
        if text == self._said:
            return ""
        self._said = text
        return text


def arrow_words(snapshot: Snapshot) -> str:
    """`↗ sending to HOST`; empty: nothing leaves."""
    found = mark(snapshot)
    if found is None or snapshot.traffic is None:
        return ""
    return f"{found[0]} to {clean(snapshot.traffic.place, limit=PLACE_WIDTH)}"
