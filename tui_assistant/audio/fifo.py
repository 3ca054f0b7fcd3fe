"""The speaker's queue: samples from the thread that writes to the callback that plays, in order, bounded."""

from __future__ import annotations

import threading
from collections import deque

import numpy as np

from tui_assistant.sound.samples import Samples

EMPTY = np.zeros(0, np.int16)


class SampleFifo:
    """A queue of mono samples between two threads; the lock is held for a few list operations only."""

    def __init__(self, capacity: int) -> None:
        """At most `capacity` samples wait."""
        self._capacity = capacity
        self._blocks: deque[Samples] = deque()
        self._lock = threading.Lock()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def push(self, samples: Samples) -> int:
        """Takes what fits; returns how many samples were refused."""
        with self._lock:
            room = max(0, self._capacity - self._size)
            taken = samples[:room]
            if taken.size:
                self._blocks.append(taken)
                self._size += taken.size
            return int(samples.size - taken.size)

    def unpop(self, samples: Samples) -> None:
        """Puts back at the front what had been taken, whatever the capacity."""
        with self._lock:
            if samples.size:
                self._blocks.appendleft(samples)
                self._size += samples.size

    def pop(self, count: int | None = None) -> Samples:
        """The oldest samples: all, or at most `count`."""
        with self._lock:
            wanted = self._size if count is None else min(count, self._size)
            return self._cut(wanted)

    def clear(self) -> int:
        """Forgets everything; returns how many samples that was."""
        with self._lock:
            size, self._size = self._size, 0
            self._blocks.clear()
            return size

    def _cut(self, count: int) -> Samples:
        parts: list[Samples] = []
        missing = count
        while missing > 0:
            block = self._blocks.popleft()
            if block.size > missing:
                self._blocks.appendleft(block[missing:])
                block = block[:missing]
            parts.append(block)
            missing -= block.size
        self._size -= count
        if not parts:
            return EMPTY
        return parts[0] if len(parts) == 1 else np.concatenate(parts)
