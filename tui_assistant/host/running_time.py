"""Time in which this program ran, for what is measured in time without input."""

from __future__ import annotations

from collections.abc import Callable

# Counted for one step. A program that stood still (SIGSTOP, a suspend, a machine with too much work) has not read yet
# what came meanwhile: that has to come in before it is decided that nothing came. Five ticks: no late one loses time.
MOST_STEP_S = 0.5


class RunningTime:
    """Seconds; ask it at every tick."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock`: e.g. time.monotonic; this begins with what it says."""
        self._clock = clock
        self._last = self._now = clock()

    def __call__(self) -> float:
        last, self._last = self._last, self._clock()
        self._now += min(max(0.0, self._last - last), MOST_STEP_S)
        return self._now
