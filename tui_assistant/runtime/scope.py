"""The last minute of frames for the scope."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from tui_assistant.engine.observation import FrameSeen, TurnState
from tui_assistant.engine.ports import FRAME_MS
from tui_assistant.runtime.api import Phase, ScopeFrame

SHOWN_MS = 60_000

_PHASES = {TurnState.SPEECH: Phase.SPEECH, TurnState.WAITING: Phase.WAITING}


class Scope:
    """Frames in the order in which they were heard, on a clock of their own that never jumps."""

    def __init__(self) -> None:
        self._frames: deque[ScopeFrame] = deque(maxlen=SHOWN_MS // FRAME_MS)
        self._shown: tuple[ScopeFrame, ...] | None = ()
        self._now_ms = 0

    @property
    def frames(self) -> tuple[ScopeFrame, ...]:
        """Oldest first."""
        if self._shown is None:
            self._shown = tuple(self._frames)
        return self._shown

    def seen(self, frame: FrameSeen, *, answering: bool) -> None:
        """A frame on which the engine has decided."""
        quiet = Phase.ANSWER if answering else Phase.QUIET
        self.add(frame.p, frame.rms_dbfs, _PHASES.get(frame.state, quiet))

    def add(self, p: float, rms_dbfs: float, phase: Phase) -> None:
        """A frame of our own estimate."""
        self._now_ms += FRAME_MS
        self._frames.append(ScopeFrame(self._now_ms, p, rms_dbfs, phase))
        self._shown = None

    def began(self, padding_ms: int, speech_ms: int) -> None:
        """A turn began: the last `speech_ms` are speech, the `padding_ms` before them prefix padding."""
        speech, padding = speech_ms // FRAME_MS, round(padding_ms / FRAME_MS)
        for back in range(1, min(len(self._frames), speech + padding) + 1):
            phase = Phase.SPEECH if back <= speech else Phase.PADDING
            if self._frames[-back].phase in (Phase.QUIET, Phase.ANSWER):
                self._frames[-back] = replace(self._frames[-back], phase=phase)
        self._shown = None

    def committed(self) -> None:
        """A turn was committed just now."""
        if self._frames:
            self._frames[-1] = replace(self._frames[-1], commit=True)
            self._shown = None
