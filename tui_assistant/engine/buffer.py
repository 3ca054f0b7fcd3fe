"""PCM with positions that only grow: the input buffer, and the 16 kHz audio that the recogniser gets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BYTES_PER_SAMPLE = 2


class SampleBuffer:
    """Samples from `start` to `end`, counted since the session began, whatever has been dropped meanwhile."""

    def __init__(self, rate: int, *, keeps: bool = True) -> None:
        """`keeps` False: only the positions matter."""
        self.rate = rate
        self._keeps = keeps
        self._data = bytearray()
        self._first = 0  # position of _data[0]
        self._start = 0  # what lies before it is dropped, and deleted now and then

    @property
    def start(self) -> int:
        return self._start

    @property
    def end(self) -> int:
        return self._first + len(self._data) // BYTES_PER_SAMPLE

    def __len__(self) -> int:
        return self.end - self.start

    def append(self, samples: NDArray[np.int16]) -> None:
        if self._keeps:
            self._data += samples.astype("<i2", copy=False).tobytes()
        else:
            self._first += len(samples)

    def slice(self, begin: int, end: int) -> bytes:
        """int16 little-endian from position `begin` to `end`, as far as it is still held."""
        begin = max(begin, self.start)
        end = max(begin, min(end, self.end))
        return bytes(self._data[(begin - self._first) * BYTES_PER_SAMPLE : (end - self._first) * BYTES_PER_SAMPLE])

    def drop_before(self, position: int) -> None:
        """Forgets what lies before `position`; the positions of the rest stay."""
        self._start = max(self._start, min(position, self.end))
        stale = self._start - self._first
        if stale * 2 >= self.end - self._first:  # moving the rest costs less than what is freed
            del self._data[: stale * BYTES_PER_SAMPLE]
            self._first = self._start

    def at_ms(self, ms: int) -> int:
        """The position at a time in milliseconds."""
        return ms * self.rate // 1000

    def ms(self, position: int) -> int:
        """The time in whole milliseconds, rounded down, of a position."""
        return position * 1000 // self.rate
