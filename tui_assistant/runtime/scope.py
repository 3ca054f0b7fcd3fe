"""The last two minutes of frames: for the scope, for what-ifs, and for the noise floor."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from tui_assistant.engine.observation import FrameSeen, TurnState
from tui_assistant.engine.ports import FRAME_MS
from tui_assistant.runtime.api import Phase, ScopeFrame
from tui_assistant.sound.level import FLOOR_DBFS

KEPT_MS = 120_000  # as long as the longest turn; other rules are tried on it
QUIET_P = 0.3  # a quiet frame is also one that doesn't sound like speech: a remote server's turns are known late
FLOOR_ONE_IN = 5  # the noise floor is their 20th percentile: clicks and breath are above it, gaps of silence below
STEPS_PER_DB = 2  # nobody sees less than 0.5 dB of a noise floor

_PHASES = {TurnState.SPEECH: Phase.SPEECH, TurnState.WAITING: Phase.WAITING}


class NoiseFloor:
    """A percentile of levels that come and go, by counting: what it costs does not depend on how many there are."""

    def __init__(self) -> None:
        self._counts = [0] * (round(-FLOOR_DBFS * STEPS_PER_DB) + 1)
        self._total = 0

    def count(self, rms_dbfs: float, amount: int) -> None:
        """One more (1) or one less (-1) of that level."""
        step = round((rms_dbfs - FLOOR_DBFS) * STEPS_PER_DB)
        self._counts[min(len(self._counts) - 1, max(0, step))] += amount
        self._total += amount

    @property
    def dbfs(self) -> float:
        """To the next 0.5 dB; FLOOR_DBFS while there is nothing."""
        left = self._total
        for step, count in enumerate(self._counts):
            left -= count * FLOOR_ONE_IN
            if count and left <= 0:
                return FLOOR_DBFS + step / STEPS_PER_DB
        return FLOOR_DBFS


class Scope:
    """Frames in the order in which they were heard, on a clock of their own that never jumps."""

    def __init__(self) -> None:
        self._frames: deque[ScopeFrame] = deque()
        self._shown: tuple[ScopeFrame, ...] | None = ()
        self._floor = NoiseFloor()
        self._floor_dbfs: float | None = FLOOR_DBFS
        self.now_ms = 0  # end of the newest frame

    @property
    def frames(self) -> tuple[ScopeFrame, ...]:
        """Oldest first; the same tuple until something changes."""
        if self._shown is None:
            self._shown = tuple(self._frames)
        return self._shown

    @property
    def noise_floor_dbfs(self) -> float:
        """The level that the quiet frames rarely fall below."""
        if self._floor_dbfs is None:
            self._floor_dbfs = self._floor.dbfs
        return self._floor_dbfs

    def seen(self, frame: FrameSeen, *, answering: bool) -> None:
        """A frame on which the engine has decided."""
        quiet = Phase.ANSWER if answering else Phase.QUIET
        phase = _PHASES.get(frame.state, quiet)
        self._add(ScopeFrame(self.now_ms + FRAME_MS, frame.p, frame.rms_dbfs, phase, judged=frame.judged))

    def estimated(self, p: float, rms_dbfs: float, phase: Phase, local: Phase | None = None) -> None:
        """A frame that only our own detector has heard. `local`: what our rules make of it, beside a server's."""
        self._add(ScopeFrame(self.now_ms + FRAME_MS, p, rms_dbfs, phase, local=local, decided=False))

    def _add(self, frame: ScopeFrame) -> None:
        self.now_ms = frame.at_ms
        self._frames.append(frame)
        self._weigh(frame, 1)
        if len(self._frames) > KEPT_MS // FRAME_MS:
            self._weigh(self._frames.popleft(), -1)
        self._shown = None

    def _weigh(self, frame: ScopeFrame, amount: int) -> None:
        # digital silence says nothing of the room: a muted device, or a recording that is over
        if frame.phase is Phase.QUIET and frame.p < QUIET_P and frame.rms_dbfs > FLOOR_DBFS:
            self._floor.count(frame.rms_dbfs, amount)
            self._floor_dbfs = None

    def _change(self, back: int, changed: ScopeFrame) -> None:
        """The frame that is `back` from the end, 1 is the newest, becomes another."""
        self._weigh(self._frames[-back], -1)
        self._frames[-back] = changed
        self._weigh(changed, 1)
        self._shown = None

    def began(self, padding_ms: int, speech_ms: int) -> None:
        """A turn began: the last `speech_ms` are speech, the `padding_ms` before them prefix padding."""
        speech, padding = speech_ms // FRAME_MS, round(padding_ms / FRAME_MS)
        for back in range(1, min(len(self._frames), speech + padding) + 1):
            phase = Phase.SPEECH if back <= speech else Phase.PADDING
            if self._frames[-back].phase in (Phase.QUIET, Phase.ANSWER):
                self._change(back, replace(self._frames[-back], phase=phase))

    def local_began(self, speech_ms: int) -> None:
        """By our own rules a turn began: the last `speech_ms` are speech."""
        for back in range(1, min(len(self._frames), speech_ms // FRAME_MS) + 1):
            if self._frames[-back].local is not None:
                self._change(back, replace(self._frames[-back], local=Phase.SPEECH))

    def local_ended(self) -> None:
        """By our own rules a turn has just ended."""
        if self._frames:
            self._change(1, replace(self._frames[-1], local_end=True))

    def committed(self) -> None:
        """A turn was committed just now."""
        if self._frames:
            self._change(1, replace(self._frames[-1], commit=True))
