"""What the user is told: which messages are shown at a moment, and how they look. Time is given in seconds."""

from __future__ import annotations

from collections import deque

from tui_assistant.runtime.api import Told
from tui_assistant.safetext import clean
from tui_assistant.tui.drawing.runs import Line, Run, merge, wrap

LEAST_SECONDS = 4.0  # of which 3 s are left for who looks up a second late
CHARACTERS_PER_SECOND = 15.0  # slow reading
MOST_SECONDS = 15.0
SHOWN_AT_ONCE = 3
WAITING_AT_MOST = 20  # more at once is a storm: the oldest that nobody saw yet go first, and are counted
MAX_CHARACTERS = 500
MAX_ROWS = 3  # of one message
MARK = {"information": ("·", "dim"), "warning": ("!", "wait"), "error": ("✗", "warn")}


class NoticeBoard:
    """At most SHOWN_AT_ONCE messages; each stays long enough to be read, from the moment it appears."""

    def __init__(self) -> None:
        self.suggestion = ""
        self.offer = ""  # said while nothing else is to be suggested
        self.skipped = 0
        self._waiting: deque[Told] = deque()
        self._shown: list[tuple[Told, float]] = []  # with the time it goes

    def add(self, told: Told) -> None:
        if told in self._waiting or any(told == shown for shown, _ in self._shown):
            return  # the same again says nothing new
        if len(self._waiting) >= WAITING_AT_MOST:
            self._waiting.popleft()
            self.skipped += 1
        self._waiting.append(told)

    def visible(self, now: float) -> tuple[Told, ...]:
        self._shown = [(told, until) for told, until in self._shown if until > now]
        while self._waiting and len(self._shown) < SHOWN_AT_ONCE:
            told = self._waiting.popleft()
            seconds = max(LEAST_SECONDS, min(MOST_SECONDS, len(told.text) / CHARACTERS_PER_SECOND))
            self._shown.append((told, now + seconds))
        return tuple(told for told, _ in self._shown)


def draw(told: tuple[Told, ...], suggestion: str, width: int) -> list[Line]:
    """The messages, then the suggestion that stays, each with a mark that tells its kind without colour."""
    lines: list[Line] = []
    for message in told:
        mark = MARK.get(message.severity, MARK["information"])
        lines += _message(mark, message.text, "ink", width)
    if suggestion:
        lines += _message(("→", "voice"), suggestion, "ink", width)
    return lines


def _message(mark: Run, text: str, role: str, width: int) -> list[Line]:
    rows = wrap([(clean(text, limit=MAX_CHARACTERS), role)], max(8, width - 4))[:MAX_ROWS]
    return [
        merge([(f" {mark[0]} " if number == 0 else "   ", f"bold {mark[1]}"), *row]) for number, row in enumerate(rows)
    ]
