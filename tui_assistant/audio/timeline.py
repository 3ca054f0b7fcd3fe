"""Which sample of the microphone belongs to a moment of the clock, for key times that arrive beside the audio."""

from __future__ import annotations

from collections import deque
from statistics import median

ANCHORS = 64  # with blocks of 10 ms about 0.6 s: enough to outvote a late callback, short enough to follow clock drift


class Timeline:
    """A line through stamped samples: position = rate * time + offset, the offset being the median of the last anchors.

    Positions count samples from the start of the device; times are seconds of time.monotonic().
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._anchors: deque[tuple[int, float]] = deque(maxlen=ANCHORS)

    def add(self, position: int, at: float) -> None:
        """Sample `position` was taken at `at`. May be called in a device's callback."""
        self._anchors.append((position, at))

    def restart(self) -> None:
        """The device was opened anew: earlier anchors don't hold any more."""
        self._anchors.clear()

    def position_at(self, at: float) -> int:
        """The sample that was taken at `at`, extrapolated where needed; not below 0. 0 without anchors."""
        anchors = tuple(self._anchors)  # one step under the interpreter's lock: the callback may add meanwhile
        if not anchors:
            return 0
        newest, stamp = anchors[-1]
        # Relative to the newest anchor, so that the numbers stay small and exact.
        offset = median((position - newest) - (moment - stamp) * self.rate for position, moment in anchors)
        return max(0, round(newest + offset + (at - stamp) * self.rate))
