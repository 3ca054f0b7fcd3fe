"""Recordings made worse on purpose: quieter, or with noise at a given distance below the speech."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tui_assistant.lab.labels import Segment
from tui_assistant.sound.samples import Samples

Floats = NDArray[np.float64]
PINK_FLOOR_HZ = 20.0  # below it pink noise is kept flat: its power would grow without end towards 0 Hz


def gain(samples: Samples, db: float) -> Samples:
    """`samples` louder or quieter by `db`; what goes over full scale is clipped."""
    return _int16(samples.astype(np.float64) * 10 ** (db / 20))


def add_noise(
    samples: Samples,
    rate: int,
    speech: Sequence[Segment],
    snr_db: float,
    kind: Literal["white", "pink"] = "pink",
    seed: int = 0,
) -> Samples:
    """Noise all along, its RMS `snr_db` below that of the labelled speech; the same `seed` gives the same noise.

    Without any speech the whole recording counts as speech.
    """
    voice = samples.astype(np.float64)
    parts = [voice[int(part.start * rate) : int(part.end * rate)] for part in speech]
    level = _rms(np.concatenate(parts)) if any(part.size for part in parts) else _rms(voice)
    noise = np.random.default_rng(seed).standard_normal(voice.size)
    if kind == "pink":
        noise = _pink(noise, rate)
    scale = level * 10 ** (-snr_db / 20) / max(_rms(noise), 1e-9)
    return _int16(voice + noise * scale)


def _pink(white: Floats, rate: int) -> Floats:
    """Shaped to 1/f power in one transform over the whole length."""
    if white.size == 0:
        return white
    frequencies = np.fft.rfftfreq(white.size, 1 / rate)
    shaped = np.fft.rfft(white) / np.sqrt(np.maximum(frequencies, PINK_FLOOR_HZ))
    return np.asarray(np.fft.irfft(shaped, white.size), np.float64)


def _rms(samples: Floats) -> float:
    return float(np.sqrt(np.mean(np.square(samples)))) if samples.size else 0.0


def _int16(samples: Floats) -> Samples:
    return np.clip(np.round(samples), -32768, 32767).astype(np.int16)
