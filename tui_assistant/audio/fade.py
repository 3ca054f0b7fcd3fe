"""The volume of a speaker, without clicks: it moves along a ramp. And how far it goes down while somebody speaks."""

from __future__ import annotations

import numpy as np

from tui_assistant.sound.samples import Samples

DUCKED = 10 ** (-12 / 20)  # -12 dB: still followed by who wants to, and no match for a voice at the microphone
RAMP_S = 0.015  # from silence to full: shorter ones click


class Fade:
    """Applies a volume to consecutive samples. One thread applies; `target` and `restart` may come from another."""

    def __init__(self) -> None:
        self.target = 1.0
        self._level: float | None = None  # of the last sample; None: as wanted from the first one on

    def restart(self, level: float | None = None) -> None:
        """The next sample begins a new sound; `level`: from where on it fades in."""
        self._level = level

    def apply(self, samples: Samples, rate: int) -> Samples:
        """The same samples where nothing is to be done, else new ones."""
        target = self.target
        level = target if self._level is None else self._level
        if not samples.size:
            return samples
        self._level = target
        if level == target:
            return samples if target == 1.0 else (samples * np.float32(target)).astype(np.int16)
        step = 1 / (RAMP_S * rate)
        path = level + np.sign(target - level) * step * np.arange(1, samples.size + 1)
        gains = np.clip(path, min(level, target), max(level, target))
        self._level = float(gains[-1])
        faded: Samples = (samples * gains).astype(np.int16)
        return faded
