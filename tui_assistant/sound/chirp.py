"""How much of the speakers the microphone hears: an exponential chirp, and its search in what was recorded. Pure.

A chirp that rises exponentially puts the same energy into every octave (as pink noise does, and as speech about does),
and compressed with itself it becomes one narrow peak: its delay can be read to the millisecond, and noise, which does
not look like it, stays 10 log10(bandwidth * length) = 30 dB lower.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tui_assistant.sound.samples import Samples

LENGTH_S = 0.15
LOW_HZ, HIGH_HZ = 200.0, 6_500.0  # what small speakers give, up to just below half of 16 kHz
PEAK = 0.3  # of full scale: about as loud as an answer, and nobody is startled
FADE_S = 0.01  # without it the ends click
LONGEST_DELAY_S = 0.8  # wireless headphones need 0.2 to 0.3 s, buffers some 0.1 s on top
TAIL_S = 0.15  # what the room adds after the direct sound counts as echo, too
NEAR_S = 0.003  # around the peak, in which it still is the peak
# The highest of N samples of noise lies near sqrt(2 ln N) times its RMS: 4.4 for 0.8 s at 16 kHz; a peak of 7 happens
# once in 10^11 samples. Speech, which is no noise, reached 7.7 in 365 pieces of the clips of tests/data.
SURE = 9.0
NOT_HEARD_DB = -120.0


@dataclass(frozen=True, slots=True)
class Echo:
    """`level_db`: the microphone's energy over that of what was played; NOT_HEARD_DB when nothing was found.

    `delay_ms`: from handing the chirp over to hearing it: of output, air and input together. `confidence`: the peak
    over the RMS around it, as a share of twice SURE: 0.5 is what counts as found, 1 is certain. `noise_dbfs`: before.
    """

    level_db: float = NOT_HEARD_DB
    delay_ms: float = 0.0
    confidence: float = 0.0
    noise_dbfs: float = -120.0

    @property
    def heard(self) -> bool:
        return self.confidence >= 0.5


def chirp(rate: int, other_rate: int | None = None) -> Samples:
    """LENGTH_S of it at `rate` Hz; up to HIGH_HZ, or less where `rate` or `other_rate` has no room for that.

    Played at one rate and recorded at another, both ask for it with the other's rate.
    """
    high = min(HIGH_HZ, 0.45 * min(rate, other_rate or rate))
    at = np.arange(int(LENGTH_S * rate)) / rate
    octaves = math.log(high / LOW_HZ)
    phase = 2 * np.pi * LOW_HZ * LENGTH_S / octaves * (np.exp(at / LENGTH_S * octaves) - 1)
    fade = np.minimum(1.0, np.minimum(at, at[::-1]) / FADE_S)
    sound = np.sin(phase) * np.sin(fade * np.pi / 2) ** 2 * PEAK * 32767
    return np.asarray(np.rint(sound), np.int16)


def find_echo(heard: Samples, rate: int, begin: int, *, volume: float = 1.0, played_rate: int | None = None) -> Echo:
    """Looks for the chirp in what the microphone heard, from sample `begin` on, when it was handed over.

    `volume`: what the samples were multiplied by before they were played. What was heard before `begin` is the noise.
    """
    played = chirp(rate, played_rate).astype(np.float64) * volume
    sound = np.asarray(heard, np.float64)
    before, after = sound[: max(0, begin)], sound[max(0, begin) :]
    noise_power = float(np.mean(before**2)) if before.size else 0.0
    noise_dbfs = 10 * math.log10(noise_power / 32768**2) if noise_power > 0 else -120.0
    energy = float(np.sum(played**2))
    if energy <= 0 or after.size <= played.size:
        return Echo(noise_dbfs=max(-120.0, noise_dbfs))
    compressed = _correlate(after, played)[: int(LONGEST_DELAY_S * rate)]
    size = np.abs(compressed)
    place = int(np.argmax(size))
    # Two comparisons: with what lies far from the peak, for noise; and close to it, because a voice that begins just
    # then rises far above what was before, but not as one narrow peak.
    away = np.abs(np.arange(size.size) - place)
    far = away > int(LENGTH_S * rate)
    close = (away > int(NEAR_S * rate)) & ~far
    around = max(float(np.sqrt(np.mean(compressed[some] ** 2))) if some.any() else 0.0 for some in (far, close))
    floor = math.sqrt(energy)  # of one least significant bit: digital silence has no RMS to compare with
    confidence = min(1.0, float(size[place]) / max(around, floor) / (2 * SURE))
    if confidence < 0.5:
        return Echo(confidence=confidence, noise_dbfs=max(-120.0, noise_dbfs))
    part = after[place : place + played.size + int(TAIL_S * rate)]
    direct = (float(size[place]) / energy) ** 2 * energy  # the energy that certainly is the chirp's
    found = max(direct, float(np.sum(part**2)) - noise_power * part.size)
    return Echo(10 * math.log10(found / energy), place * 1000 / rate, confidence, max(-120.0, noise_dbfs))


def _correlate(sound: NDArray[np.float64], pattern: NDArray[np.float64]) -> NDArray[np.float64]:
    """At each shift from 0 on, the inner product of `pattern` with what begins there."""
    size = 1 << (sound.size + pattern.size - 1).bit_length()
    product = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(pattern, size))
    return np.asarray(np.fft.irfft(product, size)[: sound.size], np.float64)
