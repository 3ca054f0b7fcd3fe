"""Speakers without a device: nobody hears them, but time passes as if somebody did."""

from __future__ import annotations

import time
from pathlib import Path
from typing import BinaryIO

import numpy as np

from tui_assistant.audio.base import MAX_QUEUE_S, DeviceState
from tui_assistant.audio.fade import DUCKED, Fade
from tui_assistant.audio.fifo import SampleFifo
from tui_assistant.audio.files import Clock
from tui_assistant.audio.played import PlayedSound
from tui_assistant.errors import DeviceError
from tui_assistant.sound.samples import Samples
from tui_assistant.sound.wav import WavWriter

DEFAULT_RATE = 24_000  # Hz: what conversations send, so that nothing is resampled
MAX_STEP_S = 1.0  # of silence written at once; longer gaps in the polling come in several pieces


class ClockedSpeaker:
    """Plays silently in real time (`--output none`), so that interruption and truncation work as on a real one.

    It has no thread: time advances inside each call.
    """

    echoes = False
    played_sound: PlayedSound | None = None  # nobody hears it
    underruns = 0

    def __init__(self, *, rate: int = DEFAULT_RATE, name: str = "none", clock: Clock = time.monotonic) -> None:
        self.name, self.rate = name, rate
        self.gain = 1.0
        self.dropped = 0
        self._clock = clock
        self._fade = Fade()
        self._ducked = False
        self._queue = SampleFifo(MAX_QUEUE_S * rate)
        self._started: float | None = None
        self._position = 0  # samples of time gone by, silence included
        self._played = 0
        self._state = DeviceState.RUNNING

    @property
    def state(self) -> DeviceState:
        """LOST when a file can't be written any more."""
        return self._state

    def start(self) -> None:
        """Time runs from here."""
        self._started = self._clock()

    def write(self, samples: Samples) -> None:
        """Sounds from now on, or after what is queued."""
        self._advance()
        self.dropped += self._queue.push(samples)

    def flush(self) -> None:
        """What is due by now was heard; the rest is dropped."""
        self._advance()
        self._queue.clear()
        self._ducked = False
        self._fade.restart()

    def duck(self, down: bool) -> None:
        """From this moment on."""
        self._advance()
        self._ducked = down

    def played(self) -> int:
        """By the clock."""
        self._advance()
        return self._played

    def pending(self) -> int:
        """By the clock."""
        self._advance()
        return len(self._queue)

    def close(self) -> None:
        """Ends at this moment."""
        if self._state is not DeviceState.CLOSED:
            self._advance()
            self._state = DeviceState.CLOSED

    def _advance(self) -> None:
        if self._started is None or self._state is not DeviceState.RUNNING:
            return
        due = int((self._clock() - self._started) * self.rate + 1e-6) - self._position
        while due > 0:
            sound = self._queue.pop(due)
            if not sound.size:
                sound = np.zeros(min(due, int(MAX_STEP_S * self.rate)), np.int16)
            else:
                self._played += sound.size
                self._fade.target = self.gain * (DUCKED if self._ducked else 1.0)
                sound = self._fade.apply(sound, self.rate)
            self._position += sound.size
            due -= sound.size
            self._emit(sound)

    def _emit(self, samples: Samples) -> None:
        """The next piece of the timeline."""


class FileSpeaker(ClockedSpeaker):
    """As ClockedSpeaker, and writes what would be heard to a WAV file, from `start` on, silence included.

    A sample stands in the file when its time comes (and the next call notices); what was flushed never appears. At
    every moment the file is a whole WAV.
    """

    def __init__(self, path: Path, *, rate: int = DEFAULT_RATE, clock: Clock = time.monotonic) -> None:
        super().__init__(rate=rate, name=path.name, clock=clock)
        self._path = path
        self._file: BinaryIO | None = None
        self._writer: WavWriter | None = None

    def start(self) -> None:
        """Makes the file anew; DeviceError when that can't be done."""
        try:
            self._file = self._path.open("wb")
            self._writer = WavWriter(self._file, self.rate)
        except OSError as error:
            raise DeviceError(
                f"{self._path}: cannot be written: {error.strerror or error}", "choose another file for --output"
            ) from None
        super().start()

    def close(self) -> None:
        """Writes up to this moment."""
        super().close()
        if self._file is not None:
            try:
                self._file.close()
            except OSError:  # the disk is full: what could be written is there
                self._state = DeviceState.LOST
            self._file = None

    def _emit(self, samples: Samples) -> None:
        assert self._writer is not None
        try:
            self._writer.write(samples)
        except OSError:  # the disk is full, or the file's device has gone
            self._state = DeviceState.LOST
