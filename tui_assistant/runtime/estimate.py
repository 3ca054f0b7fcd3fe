"""What our own turn detection would decide by the rules in force, beside a server that may decide otherwise. Pure."""

from __future__ import annotations

from tui_assistant.client.tuning import Tuning
from tui_assistant.engine.ports import FRAME_MS
from tui_assistant.engine.turn import Started, Stopped, TurnTracker
from tui_assistant.runtime.api import Phase


class Estimate:
    """semantic_vad goes by P = 0.5 here: no judge is asked for an estimate."""

    def __init__(self) -> None:
        self._tuning = Tuning()
        self._tracker = TurnTracker(self._tuning.rules())
        self._next_ms = 0

    def frame(self, p: float, tuning: Tuning) -> tuple[Phase, Started | Stopped | None]:
        """The next frame, FRAME_MS after the last one: what it belongs to, and what was decided with it."""
        if tuning != self._tuning:
            self._tuning = tuning
            self._tracker.configure(tuning.rules())
        decided = self._tracker.frame(self._next_ms, round(p, 3))
        self._next_ms += FRAME_MS
        if not self._tracker.open:
            return Phase.WAITING if isinstance(decided, Stopped) else Phase.QUIET, _of(decided)
        return Phase.WAITING if self._tracker.silence_ms(self._next_ms) else Phase.SPEECH, _of(decided)

    def skip(self) -> None:
        """A frame that no voice decides on: an open turn ends without a word."""
        self._next_ms += FRAME_MS
        if self._tracker.open:
            self._tracker.abandon(self._next_ms)


def _of(decided: object) -> Started | Stopped | None:
    return decided if isinstance(decided, Started | Stopped) else None
