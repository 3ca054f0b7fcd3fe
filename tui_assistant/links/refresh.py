"""When a session that has a longest time is replaced by a new one. Pure; all times are seconds of one clock."""

from __future__ import annotations

BEFORE_S = 300.0  # before the end a quiet moment is looked for
SHARE = 0.2  # of the session's time, where that is less
LAST_S = 20.0  # before the end it is done even while somebody speaks; an answer is still waited for
QUIET_S = 2.0  # without a word: a pause within a turn is shorter
AGAIN_S = 15.0  # after a try that failed
LEAST_S = 60.0  # an end sooner than that means that a clock is wrong
MOST_S = 24 * 3600.0  # and so does one later than that


class Refresh:
    """Follows one session after the other."""

    def __init__(self, limit_s: float, now_s: float) -> None:
        """`limit_s`: the service's; 0: none is known."""
        self._limit_s = limit_s
        self._ends_s: float | None = None
        self._window_s = 0.0
        self._quiet_s: float | None = None
        self._not_before_s = 0.0
        self.begun(now_s)

    def begun(self, now_s: float, lasts_s: float | None = None) -> None:
        """A session begins. `lasts_s`: as it says itself; a service's own limit holds, too."""
        limits = [self._limit_s] if self._limit_s else []
        if lasts_s is not None and LEAST_S <= lasts_s <= MOST_S:
            limits.append(lasts_s)
        lasts = min(limits, default=0.0)
        self._ends_s = now_s + lasts if lasts else None
        self._window_s = min(BEFORE_S, SHARE * lasts)
        self._quiet_s, self._not_before_s = None, now_s

    def due(self, now_s: float, *, quiet: bool, answering: bool) -> bool:
        """Whether to do it now. `answering`: something is heard; that is not cut off for it."""
        if not quiet:
            self._quiet_s = None
        elif self._quiet_s is None:
            self._quiet_s = now_s
        if self._ends_s is None or now_s < max(self._ends_s - self._window_s, self._not_before_s):
            return False
        if self._quiet_s is not None and now_s - self._quiet_s >= QUIET_S:
            return True
        return not answering and now_s >= self._ends_s - min(LAST_S, self._window_s / 2)

    def failed(self, now_s: float) -> None:
        """The new session did not come; the old one goes on."""
        self._not_before_s = now_s + AGAIN_S
