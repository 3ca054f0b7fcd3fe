"""The silence after an answer that lets the assistant speak by itself (idle_timeout_ms)."""

from __future__ import annotations


class IdleTimer:
    """Runs from the end of an answer's sound: response.done and the length of its audio. Times in those of `tick`."""

    def __init__(self) -> None:
        self._sound_ms: int | None = None  # of the last answer; None: nothing runs
        self._since: tuple[int, int] | None = None  # (tick, input) at the first tick after it

    def arm(self, sound_ms: int) -> None:
        """An answer is over; its sound plays for so long."""
        self._sound_ms, self._since = sound_ms, None

    def disarm(self) -> None:
        """Somebody speaks."""
        self._sound_ms = None

    def suspend(self) -> None:
        """No timeout is wanted now: it starts anew when one is."""
        if self._sound_ms is not None:
            self.arm(0)

    def deadline(self, timeout_ms: int | None) -> int | None:
        if self._sound_ms is None or timeout_ms is None:
            return None
        return 0 if self._since is None else self._since[0] + self._sound_ms + timeout_ms

    def tick(self, now_ms: int, input_ms: int, timeout_ms: int | None) -> int | None:
        """Once the timeout is over: where in the input the silence began."""
        if self._sound_ms is None or timeout_ms is None:
            return None
        tick, heard = self._since = self._since or (now_ms, input_ms)
        if now_ms < tick + self._sound_ms + timeout_ms:
            return None
        began_ms = min(heard + self._sound_ms, input_ms)
        self.disarm()
        return began_ms
