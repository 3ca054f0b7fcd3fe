"""When speech over an answer counts as an interruption. Pure."""

from __future__ import annotations

from collections import deque

NEEDED = 5  # frames of speech ...
OF = 10  # ... among the last so many, of 32 ms each: 160 ms at least
# An onset is two frames of speech running. While the assistant speaks that would not do, in both directions: what an
# echo canceller leaves may look like speech for a frame or two, and it tears holes into a voice that speaks over it.


class BargeIn:
    """Counts frames while the assistant is heard."""

    def __init__(self, needed: int = NEEDED, of: int = OF) -> None:
        self._needed = needed
        self._frames: deque[bool] = deque(maxlen=of)

    def frame(self, speech: bool) -> bool:
        """The next frame. True: the user interrupts."""
        self._frames.append(speech)
        return sum(self._frames) >= self._needed

    def restart(self) -> None:
        """The assistant has begun to be heard, or has ended."""
        self._frames.clear()
