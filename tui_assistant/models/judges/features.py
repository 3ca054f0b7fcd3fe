"""Log-mel features as Whisper defines them, for 8 s of audio: what smart-turn was trained on.

The definition is that of OpenAI's Whisper (audio.py) with the normalisation of the Hugging Face feature extractor:
zero mean and unit variance over the whole 8 s, a periodic Hann window of 25 ms every 10 ms, reflected at both ends, 80
triangular mel bands of equal area (Slaney), log10, at most 8 below the loudest, (x + 4) / 4.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
SAMPLES = 8 * RATE
WINDOW, HOP, BANDS = 400, 160, 80
FRAMES = SAMPLES // HOP
_FLOOR = 1e-10  # power, so that digital silence has a logarithm
_RANGE = 8.0  # powers of ten below the loudest
_LEAST_VARIANCE = 1e-7

# Slaney's mel scale: linear up to 1 kHz (15 mel), from there 27 mel per factor 6.4.
_BREAK_HZ, _BREAK_MEL, _STEP = 1_000.0, 15.0, np.log(6.4) / 27.0


def log_mel(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """(80, 800) features of the last 8 s of `samples` at 16 kHz; what is shorter has silence before it."""
    sound = np.zeros(SAMPLES, np.float32)
    last = samples[-SAMPLES:]
    if len(last):
        sound[-len(last) :] = last.astype(np.float32) / 32_768
    sound = (sound - sound.mean()) / np.sqrt(sound.var() + _LEAST_VARIANCE)
    padded = np.pad(sound, WINDOW // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:FRAMES]
    hann = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    spectrum = np.fft.rfft(frames * hann, axis=-1)
    power = spectrum.real**2 + spectrum.imag**2
    bands = np.log10(np.maximum(power @ _filters(), _FLOOR)).T
    features: NDArray[np.float32] = ((np.maximum(bands, bands.max() - _RANGE) + 4.0) / 4.0).astype(np.float32)
    return features


@cache
def _filters() -> NDArray[np.float64]:
    """(201, 80): the share that each band has of each bin of the spectrum."""
    top = _BREAK_MEL + np.log(RATE / 2 / _BREAK_HZ) / _STEP
    mel = np.linspace(0.0, top, BANDS + 2)
    edges = np.where(mel < _BREAK_MEL, mel * 200 / 3, _BREAK_HZ * np.exp(_STEP * (mel - _BREAK_MEL)))
    hertz = np.linspace(0.0, RATE / 2, WINDOW // 2 + 1)[:, None]
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (hertz - low) / (centre - low), (high - hertz) / (high - centre)
    shape: NDArray[np.float64] = np.maximum(0.0, np.minimum(rising, falling)) * (2.0 / (high - low))
    return shape
