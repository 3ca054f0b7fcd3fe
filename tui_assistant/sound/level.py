"""Levels in dBFS: of a block of samples, and of a running signal with the ballistics of a peak programme meter.

0 dBFS is the level of a square wave of amplitude 32768, so a full-scale sine reads -3.01 dBFS RMS and 0 dBFS peak
(the convention of sox and most workstations; AES17 would call that sine 0).
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from tui_assistant.sound.samples import Samples

FULL_SCALE = 32768.0
FLOOR_DBFS = -120.0  # what silence reads: under the noise of any 16-bit signal, and finite
CLIP_LEVEL = 32767  # at either rail; converters stop here
STEP_S = 0.001  # the meter moves on in steps of 1 ms: five in the shortest burst that the ballistics speak of
RMS_STEPS = 125  # the RMS window: 125 ms, "fast" of IEC 61672
# PPM type I (IEC 60268-10): a burst of 5 ms reads 2 dB under a steady tone, hence this share of the way up per step ...
ATTACK = 1 - (1 - 10 ** (-2 / 20)) ** (STEP_S / 0.005)
DECAY_DB_PER_S = 20 / 1.5  # ... and the reading falls 20 dB in 1.5 s
HOLD_S = 2.0
CLIP_SHOWN_S = 1.0  # long enough to be seen


def to_dbfs(amplitude: float) -> float:
    """Amplitude, 0 to 1, to dBFS, FLOOR_DBFS to 0."""
    return max(FLOOR_DBFS, 20 * math.log10(amplitude)) if amplitude > 0 else FLOOR_DBFS


def rms_dbfs(samples: Samples) -> float:
    """FLOOR_DBFS for silence and for no samples."""
    return to_dbfs(math.sqrt(_energy(samples) / samples.size) / FULL_SCALE) if samples.size else FLOOR_DBFS


def peak_dbfs(samples: Samples) -> float:
    """The largest sample's level; FLOOR_DBFS for silence and for no samples."""
    return to_dbfs(_peak(samples) / FULL_SCALE) if samples.size else FLOOR_DBFS


def _energy(samples: Samples) -> float:
    wide = samples.astype(np.float64)
    return float(np.dot(wide, wide))


def _peak(samples: Samples) -> int:
    return max(int(samples.max()), -int(samples.min()))  # abs(-32768) does not fit into int16


class Meter:
    """The level of a running signal at `rate` Hz; one writer, any number of readers that take a value slightly old.

    The signal is cut at fixed places, every millisecond, so the readings there do not depend on how the samples were
    handed over.
    """

    def __init__(self, rate: int) -> None:
        self._step = max(1, round(rate * STEP_S))
        per_second = rate / self._step
        self._decay = 10 ** (-DECAY_DB_PER_S / per_second / 20)
        self._hold_steps = round(HOLD_S * per_second)
        self._clip_steps = round(CLIP_SHOWN_S * per_second)
        self.reset()

    def reset(self) -> None:
        """As before the first sample."""
        self._rest: Samples = np.zeros(0, np.int16)
        self._energies = deque([0.0] * RMS_STEPS, maxlen=RMS_STEPS)
        self._energy = self._peak = self._hold = 0.0
        self._hold_left = self._clip_left = 0

    def push(self, samples: Samples) -> None:
        """The next samples, any number."""
        if self._rest.size:
            samples = np.concatenate([self._rest, samples])
        count = samples.size // self._step
        self._rest = samples[count * self._step :].copy()
        if not count:
            return
        steps = samples[: count * self._step].reshape(count, self._step)
        wide = steps.astype(np.float64)
        energies = np.einsum("ij,ij->i", wide, wide)
        self._energies.extend(energies.tolist())
        self._energy = sum(self._energies)
        for high, low in zip(steps.max(axis=1).tolist(), steps.min(axis=1).tolist(), strict=True):
            self._advance(max(high, -low))

    def _advance(self, peak: int) -> None:
        level = peak / FULL_SCALE
        if level > self._peak:
            self._peak += (level - self._peak) * ATTACK
        else:
            self._peak = max(level, self._peak * self._decay)
        self._hold_left -= 1
        if self._peak >= self._hold or self._hold_left <= 0:
            self._hold, self._hold_left = self._peak, self._hold_steps
        self._clip_left = self._clip_steps if peak >= CLIP_LEVEL else max(0, self._clip_left - 1)

    @property
    def rms_dbfs(self) -> float:
        """Over the last 125 ms."""
        return to_dbfs(math.sqrt(self._energy / (RMS_STEPS * self._step)) / FULL_SCALE)

    @property
    def peak_dbfs(self) -> float:
        """With the ballistics of a PPM of type I."""
        return to_dbfs(self._peak)

    @property
    def hold_dbfs(self) -> float:
        """The highest reading of the last 2 s; then it falls to the present one."""
        return to_dbfs(self._hold)

    @property
    def clipping(self) -> bool:
        """Whether a sample of the last second touched full scale."""
        return self._clip_left > 0
