"""One spoken sentence, at any rate and in any wire format."""

from __future__ import annotations

import base64
import wave
from functools import cache
from pathlib import Path

import numpy as np

from tui_assistant.sound.resample import resample

SPEECH = Path(__file__).parent / "data" / "speech" / "lj_0002.wav"
BLOCK_MS = 100  # of audio in an append


@cache
def sentence(rate: int = 24_000, silence_s: float = 1.5, before_s: float = 0.0) -> bytes:
    """int16 mono, with silence behind it, and before it where that is wanted."""
    with wave.open(str(SPEECH)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        spoken = resample(samples, file.getframerate(), rate)
    before, behind = (bytes(2 * int(rate * seconds)) for seconds in (before_s, silence_s))
    return before + spoken.astype("<i2").tobytes() + behind


def blocks(audio: bytes, bytes_per_second: int = 48_000) -> list[str]:
    """base64 of BLOCK_MS each."""
    size = bytes_per_second * BLOCK_MS // 1000
    return [base64.b64encode(audio[begin : begin + size]).decode() for begin in range(0, len(audio), size)]
