"""A loudspeaker of which the test is the clock's hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tui_assistant.audio.queued import LATENCY_S, QueuedSpeaker
from tui_assistant.errors import DeviceError

RATE = 1000  # a sample is a millisecond


class Clock:
    now = 20.0

    def monotonic(self) -> float:
        return self.now


class Device(QueuedSpeaker):
    """Plays blocks of 10 ms; its buffer is LATENCY_S long."""

    def __init__(self, clock: Clock, rate: int = RATE, error_s: Callable[[], float] = lambda: 0.0) -> None:
        """`error_s`: by how much the device is wrong when it says when a block will be heard."""
        super().__init__("test")
        self.error_s = error_s
        self.clock = clock
        self.starts = self.aborts = 0
        self.gone = False
        self.sound: list[int] = []
        self.next_at = 0.0
        self.times: list[float] = []  # when each block of `sound` is heard
        self._prepare(rate, LATENCY_S)

    def start(self) -> None: ...

    def close(self) -> None: ...

    def _device_start(self) -> None:
        if self.gone:
            raise DeviceError("gone")
        self.starts += 1
        self.next_at = self.clock.now
        self.run()

    def _device_abort(self) -> None:
        self.aborts += 1

    def run(self) -> None:
        """The callbacks that are due: the buffer is kept full."""
        while self._running and not self._ending and self.next_at < self.clock.now + LATENCY_S:
            block = np.full(self.rate // 100, 77, np.int16)
            self._fill(block, self.next_at + self.error_s())
            self.sound += block.tolist()
            self.times.append(self.next_at)
            self.next_at += 0.01

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.01)):
            self.clock.now += 0.01
            self.run()
            _ = self.state
