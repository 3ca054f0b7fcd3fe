"""Wire audio -> 16 kHz frames with p(speech) and level, on a fixed grid of 32 ms from the start of the session."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tui_assistant.engine.ports import FRAME_MS, FRAME_RATE, FRAME_SAMPLES, SpeechDetector
from tui_assistant.sound.level import rms_dbfs
from tui_assistant.sound.resample import Resampler


@dataclass(frozen=True, slots=True)
class Frame:
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
        self._pending: NDArray[np.int16] = np.zeros(0, np.int16)
        self._next_start_ms = 0

    def push(self, samples: NDArray[np.int16]) -> Iterator[Frame]:
        """Takes wire samples; yields the frames that they complete. The iterator must be run to its end."""
        yield from self._cut(self._resampler.push(samples))

    def flush(self) -> Iterator[Frame]:
        """The input is over: the whole frames that were still held by the resampler."""
        yield from self._cut(self._resampler.flush())

    @property
    def unframed(self) -> NDArray[np.int16]:
        """16 kHz samples that do not make a whole frame yet."""
        return self._pending

    def _cut(self, samples: NDArray[np.int16]) -> Iterator[Frame]:
        pending = np.concatenate([self._pending, samples]) if len(self._pending) else samples
        whole = len(pending) // FRAME_SAMPLES * FRAME_SAMPLES
        self._pending = pending[whole:].copy()
        for begin in range(0, whole, FRAME_SAMPLES):
            frame = pending[begin : begin + FRAME_SAMPLES]
            # Rounded before use, so that processors which differ in the last bits decide alike.
            p = round(float(self._detector.probability(frame)), 3)
            start_ms = self._next_start_ms
            self._next_start_ms += FRAME_MS
            yield Frame(start_ms, p, frame)
