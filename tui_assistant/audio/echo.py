"""When the microphone hears our own speaker. Until there is an echo canceller: half-duplex."""

from __future__ import annotations

TAIL_S = 0.25  # what still sounds after the last sample was played: the room, and the device's own estimate error


class HalfDuplexGate:
    """Decides whether microphone audio must be withheld because the assistant is heard. Pure: time is passed in."""

    def __init__(self, tail_s: float = TAIL_S) -> None:
        self._tail_s = tail_s
        self._heard_at: float | None = None  # when the speaker was last known to sound

    def closed(self, pending: int, now: float) -> bool:
        """Whether audio of this moment must be withheld. `pending`: the speaker's, in samples; `now` in seconds.

        Call it at every poll, also while nothing plays.
        """
        if pending > 0:
            self._heard_at = now
            return True
        if self._heard_at is None:
            return False
        if now - self._heard_at < self._tail_s:
            return True
        self._heard_at = None
        return False
