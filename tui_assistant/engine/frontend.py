"""Wire audio -> 16 kHz frames with p(speech) and level, on a fixed grid of 32 ms from the start of the session."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui_assistant.engine.ports import FRAME_MS, FRAME_RATE, FRAME_SAMPLES, SpeechDetector
from tui_assistant.sound.level import rms_dbfs
from tui_assistant.sound.resample import Resampler

_NONE: Iterator[Frame] = iter(())  # most pieces of audio complete no frame


class Frame(NamedTuple):
    """One detector frame; times in milliseconds of input since the session began."""

    start_ms: int
    p: float
    samples: NDArray[np.int16]

    @property
    def end_ms(self) -> int:
        return self.start_ms + FRAME_MS

    @property
    def rms_dbfs(self) -> float:
        return rms_dbfs(self.samples)


class FrontEnd:
    """Resamples to 16 kHz, cuts into frames and asks the detector; the result does not depend on the chunking.

    A frame appears once its last sample has left the resampler: at 16 kHz at once, else at most 28 ms of input later.
    """

    def __init__(self, rate: int, detector: SpeechDetector) -> None:
        self._resampler = Resampler(rate, FRAME_RATE, quality="capture")
        self._detector = detector
        self._pending: list[NDArray[np.int16]] = []  # put together only once they make a frame
        self._pending_size = 0
        self._next_start_ms = 0

    def push(self, samples: NDArray[np.int16]) -> Iterator[Frame]:
        """Takes wire samples; yields the frames that they complete. The iterator must be run to its end."""
        return self._cut(self._resampler.push(samples))

    def flush(self) -> Iterator[Frame]:
        """The input is over: the whole frames that were still held by the resampler."""
        return self._cut(self._resampler.flush())

    @property
    def unframed(self) -> NDArray[np.int16]:
        """16 kHz samples that do not make a whole frame yet."""
        return np.concatenate(self._pending) if self._pending else np.zeros(0, np.int16)

    def _cut(self, samples: NDArray[np.int16]) -> Iterator[Frame]:
        self._pending.append(samples)
        self._pending_size += len(samples)
        return self._frames() if self._pending_size >= FRAME_SAMPLES else _NONE

    def _frames(self) -> Iterator[Frame]:
        pending = np.concatenate(self._pending)
        whole = self._pending_size // FRAME_SAMPLES * FRAME_SAMPLES
        self._pending_size -= whole
        self._pending = [pending[whole:]] if self._pending_size else []
        for begin in range(0, whole, FRAME_SAMPLES):
            frame = pending[begin : begin + FRAME_SAMPLES]
            # Rounded before use, so that processors which differ in the last bits decide alike.
            p = round(float(self._detector.probability(frame)), 3)
            start_ms = self._next_start_ms
            self._next_start_ms += FRAME_MS
            yield Frame(start_ms, p, frame)
