"""When a link that broke is tried again. Pure."""

from __future__ import annotations

from collections.abc import Callable

LEAST_WAIT_S, MOST_WAIT_S = 0.25, 15.0  # between two tries
FIRST_MOST_S = 1.0
STEADY_S = 10.0  # a session that lasted so long was a good one: the next break is the first again


class Backoff:
    """Full jitter, so that a thousand clients do not come back at once: each wait is anywhere below a growing edge."""

    def __init__(self, chance: Callable[[], float]) -> None:
        """`chance`: from 0 to below 1."""
        self._chance = chance
        self._most_s = FIRST_MOST_S
        self.tries = 0

    def wait_s(self, least_s: float = 0.0) -> float:
        """Before the next try; not under `least_s`, which the server may have asked for."""
        self.tries += 1
        wait = LEAST_WAIT_S + self._chance() * (self._most_s - LEAST_WAIT_S)
        self._most_s = min(MOST_WAIT_S, self._most_s * 2)
        return max(wait, least_s)

    def lasted(self, seconds: float) -> None:
        """A session is over. One that broke soon is no success: it doesn't make the next wait short again."""
        if seconds >= STEADY_S:
            self._most_s, self.tries = FIRST_MOST_S, 0
