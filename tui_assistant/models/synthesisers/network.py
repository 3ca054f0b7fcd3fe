"""What the voices that run in onnxruntime share: a run that can be stopped, and samples cut into chunks."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from tui_assistant.engine.ports import AudioChunk, Cancellation

CHUNK_MS = 50  # half of what the port allows
THREADS = 2  # a voice that is waited for may take two cores; more would starve the screen and the recogniser


class Stoppable:
    """Stands in for an InferenceSession: `stop`, from any thread, ends the run that is under way."""

    def __init__(self, session: Any, options: Any) -> None:
        """`options`: makes an onnxruntime.RunOptions."""
        self._session = session
        self._make = options
        self._options: Any = options()

    def run(self, outputs: Any, inputs: Any, run_options: Any = None) -> Any:
        return self._session.run(outputs, inputs, self._options)

    def begin(self) -> None:
        """The runs from here on belong to a new sentence, which nobody has stopped."""
        self._options = self._make()

    def stop(self) -> None:
        self._options.terminate = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)  # its inputs and outputs are asked for too


def session(path: str) -> Stoppable:
    """Raises what onnxruntime raises for a file that is no model."""
    runtime = importlib.import_module("onnxruntime")
    settings = runtime.SessionOptions()
    settings.intra_op_num_threads = THREADS
    settings.log_severity_level = 3
    # Threads that wait by spinning would take the time of the rest.
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    network = runtime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    return Stoppable(network, runtime.RunOptions)


def chunks(samples: Any, rate: int, cancellation: Cancellation) -> Iterator[AudioChunk]:
    """`samples`: float, -1 to 1."""
    pcm = (np.clip(samples, -1.0, 1.0) * 32_767).astype("<i2").tobytes()
    size = rate * CHUNK_MS // 1000 * 2
    for start in range(0, len(pcm), size):
        if cancellation.cancelled:
            return
        yield AudioChunk(pcm[start : start + size], rate)
