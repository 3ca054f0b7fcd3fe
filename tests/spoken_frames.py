"""Frames for the lab: made by hand, or by the detector from recordings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tui_assistant.audio.files import load_recording
from tui_assistant.engine.frontend import FrontEnd
from tui_assistant.engine.ports import FRAME_MS
from tui_assistant.lab.degrade import add_noise
from tui_assistant.models.detectors.silero import create

SPEECH = Path(__file__).parent / "data" / "speech"
RATE = 16_000


@dataclass(frozen=True, slots=True)
class Sound:
    p: float
    rms_dbfs: float


def stretch(*parts: tuple[float, float, int]) -> list[Sound]:
    """Frames of (p, dBFS, ms)."""
    return [Sound(p, level) for p, level, ms in parts for _ in range(ms // FRAME_MS)]


@cache
def clip(name: str) -> NDArray[np.int16]:
    recording = load_recording(SPEECH / name)
    assert recording.rate == RATE
    return np.asarray(recording.samples, np.int16)


def noisy(name: str, snr_db: float, gain_db: float = 0.0) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Three seconds of noise and the clip in the same noise."""
    voice = (clip(name) * 10 ** (gain_db / 20)).astype(np.int16)
    whole = np.concatenate([np.zeros(3 * RATE, np.int16), voice, np.zeros(RATE, np.int16)])
    mixed = add_noise(whole, RATE, [], snr_db - 10 * np.log10(whole.size / voice.size), "pink", seed=3)
    return mixed[: 3 * RATE], mixed[3 * RATE :]


def detected(samples: NDArray[np.int16]) -> list[Sound]:
    """As the engine sees them."""
    front = FrontEnd(RATE, create({}))
    return [Sound(frame.p, frame.rms_dbfs) for frame in front.push(samples)]
