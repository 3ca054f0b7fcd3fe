"""The default detector: Silero VAD 6.2, whose weights (1 MB) are part of the package."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from importlib import resources
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from tui_assistant.errors import ModelError
from tui_assistant.models.detectors.silero_network import Network, Weights

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
    """A SpeechDetector (engine/ports.py). About 50 us a frame; belongs to one thread at a time."""

    name = "silero"

    def __init__(self, weights: Weights | None = None) -> None:
        self._network = Network(weights or shared_weights())

    def probability(self, frame: NDArray[np.int16]) -> float:
        return float(self._network.probabilities(frame[np.newaxis])[0])

    def reset(self) -> None:
        self._network.reset()


def create(options: Mapping[str, str]) -> SileroDetector:
    """There are no options."""
    return SileroDetector()
