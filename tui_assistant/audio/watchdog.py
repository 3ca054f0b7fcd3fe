"""Notices a device that has stopped calling, or calls with nothing but zeros. Pure: time is passed in."""

from __future__ import annotations

CALLBACK_TIMEOUT_S = 0.5  # PortAudio reports no error when a device goes, its callbacks just end
MAX_STEP_S = 0.1  # counted for one check: when the whole program stood still, the callbacks did too
SILENT_S = 3.0  # a real microphone always has some noise, also in a quiet room


class Watchdog:
    """Says whether the callbacks have ended. `check` is called at every poll."""

    def __init__(self) -> None:
        self._calls = 0
        self._last_check: float | None = None
        self._waited = 0.0

    def check(self, calls: int, now: float) -> bool:
        """`calls`: callbacks so far. True when none came during CALLBACK_TIMEOUT_S of watched time."""
        if calls != self._calls or self._last_check is None:
            self._waited = 0.0
        else:
            self._waited += min(max(0.0, now - self._last_check), MAX_STEP_S)
        self._calls, self._last_check = calls, now
        return self._waited > CALLBACK_TIMEOUT_S

    def restart(self) -> None:
        """The device was started (again)."""
        self._last_check, self._waited = None, 0.0


class SilenceWatch:
    """Counts how long a signal has been exactly zero."""

    def __init__(self) -> None:
        self._zeros = 0

    def feed(self, size: int, any_sound: bool) -> None:
        """The next block: its number of samples, and whether one of them is not zero."""
        self._zeros = 0 if any_sound else self._zeros + size

    def silent(self, rate: int) -> bool:
        """Nothing but zeros for SILENT_S."""
        return self._zeros >= SILENT_S * rate
