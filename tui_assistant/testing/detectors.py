"""Whether a voice-activity detector keeps what the engine relies on: one call in the tests of whoever writes one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import thread_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tui_assistant.engine.ports import FRAME_RATE, FRAME_SAMPLES, SpeechDetector

FRAMES = 100
MOST_S = 1e-3  # of CPU for a frame of 32 ms, so that `serve` still hears 30 sessions at once; ours take 0.1 ms and less


def check_detector(create: Callable[[Mapping[str, Any]], SpeechDetector]) -> None:
    """Raises AssertionError that names what is not kept. `create` as in the entry point, called with no options."""
    detector = create({})
    assert isinstance(detector.name, str), "name: a text is expected"
    assert detector.name, "name: it is empty"
    for title, frames in _sounds().items():
        before = frames.copy()
        heard = _run(detector, frames)
        assert all(type(p) is float and 0 <= p <= 1 for p in heard), (
            f"{title}: p is a float from 0 to 1, not {heard[0]!r}"
        )
        assert np.array_equal(frames, before), f"{title}: the frames were changed, and others hear them too"
        detector.reset()
        assert _run(detector, frames) == heard, f"{title}: after reset() the same frames give another p"
        assert _run(create({}), frames) == heard, f"{title}: a new detector gives another p for the same frames"
        detector.reset()
    assert max(_run(detector, _sounds()["silence"])) < 0.5, "silence: p must stay below 0.5"
    began = thread_time()
    _run(detector, _sounds()["noise"])
    assert (thread_time() - began) / FRAMES < MOST_S, f"a frame takes more than {MOST_S * 1000:.0f} ms of CPU"


def _run(detector: SpeechDetector, frames: Sequence[NDArray[np.int16]] | NDArray[np.int16]) -> list[float]:
    return [detector.probability(frame) for frame in frames]


def _sounds() -> dict[str, NDArray[np.int16]]:
    """What a detector meets: FRAMES frames each, int16 of shape (FRAMES, FRAME_SAMPLES)."""
    shape = (FRAMES, FRAME_SAMPLES)
    at = np.arange(FRAMES * FRAME_SAMPLES).reshape(shape)
    noise = np.random.default_rng(1).integers(-3_000, 3_000, shape)
    return {
        "silence": np.zeros(shape, np.int16),
        "noise": noise.astype(np.int16),
        "a tone in bursts": (8_000 * np.sin(2 * np.pi * 200 / FRAME_RATE * at) * (at // 4_096 % 2)).astype(np.int16),
        "full scale": np.where(at % 80 < 40, 32_767, -32_768).astype(np.int16),
    }
