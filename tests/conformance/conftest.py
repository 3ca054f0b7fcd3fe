"""The utterance of the checks."""

from __future__ import annotations

import wave
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from sent_events import strictly_checked

from tui_assistant.sound.resample import resample

__all__ = ["speech", "strictly_checked"]

SPEECH = Path(__file__).parents[1] / "data" / "speech" / "lj_0002.wav"


@pytest.fixture(scope="session")
def speech() -> Callable[[int], bytes]:
    """One sentence, int16 mono, at the rate that is asked for."""

    @cache
    def spoken(rate: int) -> bytes:
        with wave.open(str(SPEECH)) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
            return resample(samples, file.getframerate(), rate).tobytes()

    return spoken
