"""Has the user finished, by the sound: the smart-turn v3.2 network, run by onnxruntime.

The network is Daily's (pipecat-ai, BSD-2-Clause), trained on 23 languages; `tui-assistant models get smart-turn` brings
it. About 25 ms on one core, 62 MiB.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tui_assistant.engine.ports import Judged
from tui_assistant.errors import ModelError
from tui_assistant.models.catalogue import SMART_TURN
from tui_assistant.models.judges.features import log_mel
from tui_assistant.models.store import Store


class SmartTurnJudge:
    """A TurnJudge that listens."""

    name = "smart-turn"

    def __init__(self, network: Any) -> None:
        """`network`: an onnxruntime.InferenceSession."""
        self._network = network

    def judge(self, pcm: bytes, text: str) -> Judged:
        features = log_mel(np.frombuffer(pcm, "<i2"))[None]
        (output,) = self._network.run(None, {"input_features": features})
        return Judged(float(np.ravel(output)[0]), self.name)


def create(options: Mapping[str, Any]) -> SmartTurnJudge:
    """`folder`: where downloaded models are, if not in the usual place. Raises ModelError where one is missing."""
    folder = options.get("folder")
    path = Store(Path(folder) if folder else None).path(SMART_TURN)
    runtime = importlib.import_module("onnxruntime")  # ImportError: the registry says which line of pip brings it
    settings = runtime.SessionOptions()
    # One thread: the machine has a screen, a recogniser and a voice to run; and it should not spin while it waits.
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    settings.log_severity_level = 3
    try:
        judge = SmartTurnJudge(runtime.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"]))
        judge.judge(bytes(2 * 16_000), "")  # the first run is slow: not while somebody waits
    except Exception as error:  # the library's own exceptions share no base class but this one
        again = f"tui-assistant models remove {SMART_TURN}; tui-assistant models get {SMART_TURN}"
        raise ModelError("the model smart-turn cannot be loaded", again) from error
    return judge
