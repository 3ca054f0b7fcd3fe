"""Which of the samples handed to a device are heard by now, from the times that the device gives for each block."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple


class _Block(NamedTuple):
    """What one callback handed over: `size` samples to be heard, then silence."""

    frame: int  # its first, counted since the device was started
    sample: int  # its first, counted since the beginning
    size: int


class Playhead:
    """Counts samples; silence that fills gaps doesn't count. One thread adds, one asks.

    Times are seconds of one clock. A device plays without gaps from `restart` on, so the newest block's time places all
    of them.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._blocks: deque[_Block] = deque()
        self._anchor: tuple[int, float] | None = None  # (frame, when it is heard)
        self._frames = 0
        self._handed = 0
        self._heard = 0

    @property
    def handed(self) -> int:
        """Samples handed to the device and not cut: heard or about to be."""
        return self._handed

    def add(self, frames: int, count: int, heard_at: float) -> None:
        """A block of `frames`, of which the first `count` are samples, will be heard from `heard_at` on."""
        if count:
            self._blocks.append(_Block(self._frames, self._handed, count))
        self._anchor = (self._frames, heard_at)
        self._frames += frames
        self._handed += count

    def heard(self, now: float) -> int:
        """Samples heard at `now`; never falls."""
        if self._anchor is not None:
            frame, heard_at = self._anchor
            at = frame + (now - heard_at) * self._rate
            while len(self._blocks) > 1 and self._blocks[1].frame <= at:
                self._blocks.popleft()
            if self._blocks:
                block = self._blocks[0]
                within = min(max(0, int(at - block.frame)), block.size)
                self._heard = max(self._heard, block.sample + within)
        return self._heard

    def cut(self, now: float) -> int:
        """The device was stopped at once: what is not heard never will be. Returns how many samples that are."""
        heard = self.heard(now)
        missing = self._handed - heard
        self._handed = heard
        self._clear()
        return missing

    def restart(self) -> None:
        """The device is about to start anew; what it was handed before has been heard to its end."""
        self._heard = self._handed
        self._clear()

    def _clear(self) -> None:
        self._blocks.clear()
        self._anchor = None
        self._frames = 0
