"""Without a canceller: whether the microphone is louder than the speaker can be in it. Pure."""

from __future__ import annotations

import math
from collections import deque

from tui_assistant.audio.echo import Levels

WINDOW = 12  # frames of 10 ms: the echo comes so much later than what was played, at most, its lead included
DECAY_DB = 1.0  # per frame: what the room keeps; 60 dB in 0.6 s
LEAST_DBFS = -50.0  # of what is played: of less there is no echo to measure
LEARN = 30  # loud frames until the coupling is known
QUANTILE = 0.9  # of the coupling of single frames, which varies with what is said: the strong ones count
STEP_DB = 0.05  # by which a frame moves it
OUTLIER_STEP_DB = (
    0.02  # one that is far louder is not echo; but a volume that was turned up must be noticed: 6 dB in 3 s
)
MARGIN_DB = 6.0  # above what is expected: "clearly louder"
VOTES, OF = 2, 3  # of the last frames: a single one may be a click
FULL_SCALE = 32768.0**2


class EchoGate:
    """Learns how much of the speaker the microphone hears, and says when there is clearly more than that.

    What it learns is the coupling: microphone power over played power, in dB. It is kept between answers.
    """

    def __init__(self) -> None:
        self.coupling_db: float | None = None  # None: too little has been played yet, and nothing is clearly louder
        self._played: deque[float] = deque(maxlen=WINDOW)
        self._expected_dbfs = -120.0  # at a coupling of 0 dB
        self._learned: list[float] = []
        self._votes: deque[bool] = deque(maxlen=OF)

    @property
    def louder(self) -> bool:
        """The newest frames are clearly louder than the expected echo."""
        return sum(self._votes) >= VOTES

    def restart(self) -> None:
        """Another microphone or speaker."""
        self.__init__()  # type: ignore[misc]  # as new

    def push(self, levels: Levels) -> None:
        """The next 10 ms in which the speaker sounds."""
        self._played.append(_dbfs(levels.reference))
        self._expected_dbfs = max(*self._played, self._expected_dbfs - DECAY_DB, -120.0)
        ratio = _dbfs(levels.microphone) - self._expected_dbfs
        coupling = self.coupling_db
        self._votes.append(coupling is not None and ratio > coupling + MARGIN_DB)
        if self._expected_dbfs < LEAST_DBFS:
            return
        if coupling is None:
            self._learned.append(ratio)
            if len(self._learned) >= LEARN:
                self.coupling_db = max(self._learned)
        elif ratio > coupling + MARGIN_DB:
            self.coupling_db = coupling + OUTLIER_STEP_DB
        elif ratio > coupling:
            self.coupling_db = coupling + STEP_DB * QUANTILE
        else:
            self.coupling_db = coupling - STEP_DB * (1 - QUANTILE)


def _dbfs(power: float) -> float:
    return 10 * math.log10(max(power, 1.0) / FULL_SCALE)
