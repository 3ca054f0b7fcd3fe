"""A recording as the microphone: handed out at the pace of time, then silence for ever."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tui_assistant.audio.base import DeviceState
from tui_assistant.errors import UsageError
from tui_assistant.sound.samples import Samples
from tui_assistant.sound.wav import Recording, read_wav

Clock = Callable[[], float]

MAX_STEP_S = 60.0  # handed out by one read: after a suspend of hours nobody wants hours of silence in one array


def load_recording(path: Path) -> Recording:
    """Reads a WAV file; UsageError names the file and what is wrong with it."""
    try:
        with path.open("rb") as file:
            return read_wav(file, str(path))
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no such file", "check the name") from None
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be read: {error.strerror or error}", "check the file and its permissions"
        ) from None


class FileMicrophone:
    """Plays `recording` as if it were spoken from `start` on. ENDED once it is over; silence goes on."""

    lost = 0
    silent = False  # what is in a file is meant

    def __init__(self, recording: Recording | Path, *, name: str = "", clock: Clock = time.monotonic) -> None:
        """A path is read at once; UsageError says what is wrong with it. `name` is shown (default: the file's)."""
        self.name = name or (recording.name if isinstance(recording, Path) else "recording")
        self._recording = load_recording(recording) if isinstance(recording, Path) else recording
        self._clock = clock
        self._started: float | None = None
        self._position = 0
        self._closed = False

    @property
    def rate(self) -> int:
        """The file's."""
        return self._recording.rate

    @property
    def position(self) -> int:
        """What was handed out."""
        return self._position

    @property
    def duration(self) -> float:
        """Seconds of the recording itself."""
        return self._recording.samples.size / self.rate

    @property
    def state(self) -> DeviceState:
        """ENDED once the last sample has been read."""
        if self._closed:
            return DeviceState.CLOSED
        return DeviceState.ENDED if self._position >= self._recording.samples.size else DeviceState.RUNNING

    def start(self) -> None:
        """Time runs from here."""
        self._started = self._clock()

    def read(self) -> Samples:
        """What time has brought since the last call."""
        if self._started is None or self._closed:
            return np.zeros(0, np.int16)
        due = int((self._clock() - self._started) * self.rate + 1e-6)  # a hair of rounding is no missing sample
        count = max(0, due - self._position)
        if count > MAX_STEP_S * self.rate:
            skipped = count - int(MAX_STEP_S * self.rate)
            self._started += skipped / self.rate  # the file waited with us
            count -= skipped
        sound = self._recording.samples[self._position : self._position + count]
        self._position += count
        return np.concatenate([sound, np.zeros(count - sound.size, np.int16)]) if sound.size < count else sound

    def position_at(self, at: float) -> int:
        """Exact: the file follows the clock."""
        return 0 if self._started is None else max(0, round((at - self._started) * self.rate))

    def close(self) -> None:
        """Nothing to free."""
        self._closed = True
