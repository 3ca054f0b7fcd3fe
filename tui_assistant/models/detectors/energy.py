"""The cheapest detector: how far the level stands above the noise floor, the quietest moment of the last two seconds.

It hears any sound that comes and goes as speech, and a tone of more than two seconds as noise.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

SMOOTHED_FRAMES = 3  # 96 ms: evens out the periods of a low voice; more would blur the onset
FLOOR_FRAMES = 64  # 2 s: fluent speech has a gap between syllables in it, and new steady noise is known after it
START_DBFS = -45.0  # the floor before anything quieter was heard: a quiet room through a common microphone
LOWEST_DBFS = -65.0  # digital silence teaches nothing: noise that follows it would otherwise be "loud" for two seconds
MIDDLE_DB = 9.0  # over the floor: p = 0.5
SLOPE_DB = 2.0  # p = 0.27 and 0.73 are so far from the middle


class EnergyDetector:
    """A SpeechDetector. All sums are of integers, so p is the same on every machine."""

    name = "energy"

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._powers: deque[float] = deque(maxlen=SMOOTHED_FRAMES)
        self._levels = deque([START_DBFS] * FLOOR_FRAMES, maxlen=FLOOR_FRAMES)

    def probability(self, frame: NDArray[np.int16]) -> float:
        wide = frame.astype(np.int64)
        total, size = int(wide.sum()), wide.size
        self._powers.append(int(np.dot(wide, wide)) / size - (total / size) ** 2)  # without a converter's DC offset
        power = sum(self._powers) / len(self._powers) / 32768**2
        level = max(LOWEST_DBFS, 10 * math.log10(power)) if power > 0 else LOWEST_DBFS
        self._levels.append(level)
        return 1 / (1 + math.exp(-(level - min(self._levels) - MIDDLE_DB) / SLOPE_DB))


def create(options: Mapping[str, str]) -> EnergyDetector:
    """There are no options."""
    return EnergyDetector()
