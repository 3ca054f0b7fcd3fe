"""What all real microphones share: a ring between the callback and the reader, time stamps and watchdogs."""

from __future__ import annotations

import time

import numpy as np

from tui_assistant.audio.base import DeviceState
from tui_assistant.audio.timeline import Timeline
from tui_assistant.audio.watchdog import SilenceWatch, Watchdog
from tui_assistant.sound.ring import SampleRing
from tui_assistant.sound.samples import Samples

RING_S = 10  # a reader that stands still longer has lost the conversation anyway
BLOCK_S = 0.01  # per callback: 100 callbacks a second cost about 0.5 % of a core and add 10 ms at most


class RingMicrophone:
    """A microphone whose device calls `_take`. A subclass opens and closes the device."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rate = 0
        self._ring: SampleRing | None = None
        self._timeline = Timeline(1)
        self._silence = SilenceWatch()
        self._watchdog = Watchdog()
        self._calls = 0
        self._gap = 0  # samples that the device never gave, filled with zeros
        self._finished = False  # the device said that it ended
        self._state = DeviceState.RUNNING

    def _prepare(self, rate: int) -> None:
        """Before the device's first callback; the ring stays when the device is merely opened anew."""
        if self._ring is None or rate != self.rate:
            self.rate = rate
            self._ring = SampleRing(RING_S * rate)
            self._timeline = Timeline(rate)
        self._finished = False
        self._watchdog.restart()

    def _take(self, samples: Samples, taken_at: float) -> None:
        """In the device's callback: the next block, and when its first sample was spoken (time.monotonic())."""
        ring = self._ring
        assert ring is not None
        self._calls += 1
        self._timeline.add(ring.written, taken_at)
        self._silence.feed(samples.size, bool(samples.any()))
        ring.write(samples)

    def _fill_gap(self, seconds: float) -> None:
        """Zeros for time in which the device was closed, so that positions keep step with the clock."""
        assert self._ring is not None
        missing = round(seconds * self.rate)
        self._ring.write(np.zeros(min(missing, self._ring.capacity), np.int16))
        self._gap += missing
        self._timeline.restart()

    def _fill_overflow(self, taken_at: float) -> None:
        """In the callback: the device has dropped samples and does not say how many; its next one is of `taken_at`."""
        assert self._ring is not None
        missing = self._timeline.position_at(taken_at) - self._ring.written
        if missing >= BLOCK_S * self.rate:  # less is how far the stamps are right
            self._fill_gap(missing / self.rate)

    def _count_standstill(self, now: float) -> None:
        """Of a device that has gone: what was spoken from its last block until somebody noticed."""
        assert self._ring is not None
        self._gap += max(0, self._timeline.position_at(now) - self._ring.written)

    @property
    def lost(self) -> int:
        """Overrun in the ring or in the device, gaps while the device list was refreshed, and a device's standstill."""
        return self._gap + (self._ring.lost if self._ring is not None else 0)

    @property
    def position(self) -> int:
        """What was read or given up."""
        return self._ring.position if self._ring is not None else 0

    @property
    def silent(self) -> bool:
        """Zeros only, for SILENT_S."""
        return self.rate > 0 and self._silence.silent(self.rate)

    @property
    def state(self) -> DeviceState:
        """LOST at most 0.6 s after the last callback, if asked often enough."""
        if self._state is DeviceState.RUNNING and self._ring is not None:
            now = time.monotonic()
            if self._finished:
                self._state = DeviceState.LOST
            elif self._watchdog.check(self._calls, now):
                self._state = DeviceState.LOST
                self._count_standstill(now)
        return self._state

    def read(self) -> Samples:
        """What came since the last call."""
        return self._ring.read() if self._ring is not None else np.zeros(0, np.int16)

    def position_at(self, at: float) -> int:
        """By the stamps of the last blocks."""
        return self._timeline.position_at(at)
