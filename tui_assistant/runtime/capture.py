"""The microphone's audio on its way to the link: level, resampling, pre-roll, floor, mute and the half-duplex gate."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

import numpy as np

from tui_assistant.audio.base import Microphone, Samples
from tui_assistant.engine.frontend import Frame, FrontEnd
from tui_assistant.engine.ports import SpeechDetector
from tui_assistant.sound.level import Meter
from tui_assistant.sound.resample import Resampler

PREROLL_MS = 300  # a finger is later than the tongue
TAIL_MS = 200  # and earlier at the end


class Floor(Enum):
    """Who may be heard in push-to-talk."""

    FREE = "nothing goes to the link"
    TAKEN = "the user speaks"
    ENDING = "the user has let go; the tail is still sent"


class Capture:
    """Takes what the microphone has heard and says what of it the link gets. Rates: the microphone's and the link's."""

    def __init__(self, rate: int, detector: SpeechDetector) -> None:
        self.rate = rate
        self._detector = detector
        self._front = FrontEnd(rate, detector)
        self._recent = np.zeros(0, np.int16)  # the last PREROLL_MS at the link's rate, while the floor is free
        self._tail = 0  # samples that still go to the link
        self._resampler: Resampler | None = None
        self.meter: Meter | None = None
        self.microphone: Microphone | None = None
        self.floor = Floor.FREE

    def use(self, microphone: Microphone | None) -> None:
        """Another microphone, started already, from now on."""
        self.microphone = microphone
        self._resampler = Resampler(microphone.rate, self.rate, quality="capture") if microphone else None
        self.meter = Meter(microphone.rate) if microphone else None

    def read(self) -> Samples:
        """What was heard since the last call, at the link's rate."""
        if self.microphone is None or self._resampler is None or self.meter is None:
            return np.zeros(0, np.int16)
        samples = self.microphone.read()
        if not len(samples):
            return samples
        self.meter.push(samples)
        return self._resampler.push(samples)

    def estimate(self, samples: Samples) -> Iterator[Frame]:
        """p(speech) of what the conversation's own detector does not get."""
        return self._front.push(samples)

    def take_floor(self) -> None:
        self.floor = Floor.TAKEN

    def release_floor(self) -> None:
        """A short tail still goes out."""
        self.floor = Floor.ENDING
        # Behind what was heard up to now, which a quick finger may have left waiting.
        self._tail = len(self._recent) + TAIL_MS * self.rate // 1000

    def drop_floor(self) -> None:
        self.floor = Floor.FREE

    def held(self, samples: Samples) -> Samples:
        """Push-to-talk: what of `samples`, with the pre-roll before them, goes to the link. May end the floor."""
        recent = np.concatenate([self._recent, samples])
        keep = PREROLL_MS * self.rate // 1000
        if self.floor is Floor.FREE:
            self._recent = recent[-keep:]
            return np.zeros(0, np.int16)
        self._recent = np.zeros(0, np.int16)
        if self.floor is Floor.TAKEN:
            return recent
        sent = recent[: self._tail]
        self._tail -= len(sent)
        if not self._tail:
            self.floor = Floor.FREE
            self._recent = recent[len(sent) :][-keep:]
        return sent
