"""The default detector: Silero VAD 6.2, whose weights (1 MB) are part of the package."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from importlib import resources
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from tui_assistant.errors import ModelError
from tui_assistant.models.detectors.silero_network import Network, Weights

# The network hears speech better when it is louder than most microphones make it. On labelled recordings (15 files;
# silence 200, 500 and 800 ms; clean, with noise, at -20 dB) turn errors fall from 81 to 71 and frame AUC rises under
# every condition (.959 to .961, .944 to .950, .911 to .939). Everything from 6 to 12 dB does about as well; noise, hum
# and clicks begin no turn at any of them. Nothing is clipped: it is a float.
GAIN_DB = 8.0
# A sigmoid never reaches 1, but the engine rounds to thousandths: at threshold 1 no turn shall begin.
HIGHEST = 0.999
WEIGHTS_FILE = "silero62_16k.npz"

_lock = threading.Lock()
_shared: Weights | None = None


def shared_weights() -> Weights:
    """The process's one copy, loaded on first use, by any thread. Raises ModelError when unreadable."""
    global _shared
    with _lock:
        if _shared is None:
            _shared = _load()
        return _shared


def _load() -> Weights:
    try:
        with (resources.files(__package__) / WEIGHTS_FILE).open("rb") as file, np.load(file) as archive:
            return Weights({name: archive[name] for name in archive.files})
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise ModelError("the weights of the Silero detector cannot be read", "reinstall tui-assistant") from error


class SileroDetector:
    """A SpeechDetector (engine/ports.py). About 45 us a frame; belongs to one thread at a time."""

    name = "silero"

    def __init__(self, weights: Weights | None = None, *, gain_db: float = GAIN_DB) -> None:
        self._network = Network(weights or shared_weights(), gain=10 ** (gain_db / 20))

    def probability(self, frame: NDArray[np.int16]) -> float:
        return min(self._network.probability(frame), HIGHEST)

    def reset(self) -> None:
        self._network.reset()


def create(options: Mapping[str, Any]) -> SileroDetector:
    """`gain_db`: how much louder the network hears the input; 0 is the plain network."""
    return SileroDetector(gain_db=float(options.get("gain_db", GAIN_DB)))
