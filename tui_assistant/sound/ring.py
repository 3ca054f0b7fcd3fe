"""A ring of samples between two threads: an audio callback that must never wait, and whoever takes the audio on."""

from __future__ import annotations

import numpy as np

from tui_assistant.sound.samples import Samples


class SampleRing:
    """Mono int16 with absolute sample positions: the first sample ever written is number 0.

    One thread writes and one reads, without a lock. Why that is safe: each counter is changed by one of the two threads
    only, and reading or rebinding an attribute that holds an int is atomic in CPython (the GIL). numpy may release the
    GIL while it copies, so the copies themselves are not atomic; therefore the writer says *before* copying how far it
    will get (`_claimed`) and *after* copying that it got there (`_written`), and the reader, after copying, throws away
    what the writer may have touched in the meantime. The writer never waits for the reader.
    """

    def __init__(self, capacity: int) -> None:
        """`capacity` in samples; what is older than that and unread is lost, and counted."""
        if capacity < 1:
            raise ValueError("a ring holds at least one sample")
        self.capacity = capacity
        self._buffer = np.zeros(capacity, np.int16)
        self._claimed = self._written = 0  # the writer's
        self._position = self._lost = 0  # the reader's

    @property
    def written(self) -> int:
        """How many samples were ever written: the position of the next one."""
        return self._written

    @property
    def position(self) -> int:
        """Position of the sample after the last one that `read` has returned or given up."""
        return self._position

    @property
    def lost(self) -> int:
        """Samples that were overwritten before they were read."""
        return self._lost

    def write(self, samples: Samples) -> None:
        """Appends; never waits, never fails. Called by the writer alone."""
        end = self._written + samples.size
        self._claimed = end
        kept = samples[-self.capacity :] if samples.size > self.capacity else samples
        begin = (end - kept.size) % self.capacity
        head = min(kept.size, self.capacity - begin)
        self._buffer[begin : begin + head] = kept[:head]
        self._buffer[: kept.size - head] = kept[head:]
        self._written = end

    def read(self) -> Samples:
        """All that is new since the last call; its first sample's position is `position` - size. Reader alone."""
        end = self._written
        samples = self._copy(self._position, end)
        self._lost += end - self._position - samples.size
        self._position = end
        return samples

    def last(self, count: int) -> Samples:
        """The newest `count` samples, or as many as there are; they stay unread. Any thread."""
        end = self._written
        return self._copy(max(0, end - count), end)

    def _copy(self, begin: int, end: int) -> Samples:
        """A copy of [begin, end) without what is overwritten already or may have been while copying."""
        begin = max(begin, end - self.capacity)
        first, stop = begin % self.capacity, end % self.capacity
        if begin == end:
            return np.zeros(0, np.int16)
        if first < stop:
            samples = self._buffer[first:stop].copy()
        else:
            samples = np.concatenate([self._buffer[first:], self._buffer[:stop]])
        spoilt = self._claimed - self.capacity - begin
        return samples[min(spoilt, samples.size) :] if spoilt > 0 else samples
