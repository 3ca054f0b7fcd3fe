"""The cursor of the paused scope: which frames are looked at, where it stands, what is in view. No drawing."""

from __future__ import annotations

from collections.abc import Sequence

from tui_assistant.runtime.api import Phase, ScopeFrame
from tui_assistant.tui.drawing.columns import Window, window_at

LEAP = 10  # columns of a big step
LEAD = 4  # a turn that is jumped to begins a quarter from the left


class Cursor:
    """Moves over frames that stand still. Following, it is at the newest frame, and the frames go on."""

    def __init__(self, frames: Sequence[ScopeFrame]) -> None:
        self.frames = frames
        self.following = False
        self._at_ms = self.newest_ms
        self._end_ms = self.newest_ms  # the moment at the right of what is in view

    @property
    def newest_ms(self) -> int:
        return self.frames[-1].at_ms if self.frames else 1

    @property
    def oldest_ms(self) -> int:
        return self.frames[0].at_ms if self.frames else 1

    @property
    def at_ms(self) -> int:
        return self._at_ms

    @property
    def missed(self) -> bool:
        """It stands where no frames are kept any more."""
        return self._at_ms < self.oldest_ms

    def take(self, frames: Sequence[ScopeFrame]) -> None:
        """The newest frames; they count only while it follows them."""
        if self.following:
            self.frames = frames
            self._at_ms = self._end_ms = self.newest_ms

    def window(self, column_ms: int, count: int) -> Window:
        """What is in view: as before, scrolled as far as the cursor needs it."""
        window = window_at(self._end_ms, column_ms, count)
        cell = window.cell(self._at_ms)
        if cell < 0:
            window = Window(column_ms, count, window.last + cell)
        elif cell >= count:
            window = Window(column_ms, count, window.last + cell - count + 1)
        self._end_ms = window.end_ms
        return window

    def move(self, ms: int) -> None:
        """By so much, as far as there are frames."""
        self._to(self._at_ms + ms)

    def edge(self, *, newest: bool) -> None:
        """To the oldest frame; or to the newest that is heard, which it follows from then on."""
        if not newest:
            self._to(self.oldest_ms)
        self.following = newest

    def turn(self, direction: int) -> None:
        """To where the next turn begins (1), or this one, or the one before (-1)."""
        onsets = onsets_of(self.frames)
        places = [onset for onset in onsets if (onset - self._at_ms) * direction > 0]
        if places:
            self._to(places[0] if direction > 0 else places[-1])

    def jump(self, at_ms: int, column_ms: int, count: int) -> None:
        """To a moment that somebody asks for, with what follows it in view; also where nothing is kept of it."""
        self.following = False
        self._at_ms = max(1, at_ms)
        self._end_ms = max(self._at_ms, min(self.newest_ms, self._at_ms + column_ms * count * (LEAD - 1) // LEAD))

    def _to(self, at_ms: int) -> None:
        self.following = False
        self._at_ms = min(self.newest_ms, max(self.oldest_ms, at_ms))


def onsets_of(frames: Sequence[ScopeFrame]) -> list[int]:
    """Where turns begin: the first frame of speech of each."""
    onsets, inside = [], False
    for frame in frames:
        if frame.phase is Phase.SPEECH and not inside:
            onsets.append(frame.at_ms)
            inside = True
        elif frame.phase not in (Phase.SPEECH, Phase.WAITING) or frame.commit:
            inside = False
    return onsets
