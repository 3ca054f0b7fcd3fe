"""The detector of WebRTC (a Gaussian mixture over six bands): cheaper than Silero, with many more false starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tui_assistant.engine.ports import FRAME_RATE
from tui_assistant.errors import ModelError, UsageError

SUBFRAME = FRAME_RATE // 100  # 10 ms: the shortest that it takes, hence the finest share
DEFAULT_MODE = 2
MODES = range(4)  # 0 lets the most through, 3 the least


class WebrtcDetector:
    """A SpeechDetector. It only says yes or no to 10 ms; p is the share of yes among those that end in the frame."""

    name = "webrtc"

    def __init__(self, mode: int = DEFAULT_MODE) -> None:
        self._mode = mode
        self.reset()

    def reset(self) -> None:
        self._vad = _new_vad(self._mode)  # its state cannot be cleared
        self._rest = np.zeros(0, np.int16)

    def probability(self, frame: NDArray[np.int16]) -> float:
        samples = np.concatenate([self._rest, frame])
        count = samples.size // SUBFRAME
        self._rest = samples[count * SUBFRAME :]
        pieces = samples[: count * SUBFRAME].reshape(count, SUBFRAME)
        voiced = sum(bool(self._vad.is_speech(piece.tobytes(), FRAME_RATE)) for piece in pieces)
        return voiced / count if count else 0.0


def _new_vad(mode: int) -> Any:
    """`webrtcvad.Vad`; Any, because the library has no types."""
    try:
        import webrtcvad
    except ImportError as error:
        raise ModelError("the webrtc detector's library is missing", "pip install webrtcvad-wheels") from error
    return webrtcvad.Vad(mode)


def create(options: Mapping[str, str]) -> WebrtcDetector:
    """Option `mode`: 0 to 3. Raises UsageError for another, ModelError without the library."""
    mode = str(options.get("mode", DEFAULT_MODE))  # a number where it comes from config.toml
    if mode not in map(str, MODES):
        raise UsageError(f"the webrtc detector has no mode {mode!r}", "mode is 0, 1, 2 or 3")
    return WebrtcDetector(int(mode))
