"""`tui-assistant conformance URL`: the turn-detection contract against a running server, as a table."""

from __future__ import annotations

import asyncio
import json
import os
import wave
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tui_assistant.commands.assistant import demo_recording
from tui_assistant.errors import UnavailableError
from tui_assistant.safetext import clean

if TYPE_CHECKING:
    from tui_assistant.conformance.verdict import Verdict

SPEECH_S = (7.0, 8.0)  # of the demo recording: one short request without a pause


def run(url: str, *, as_json: bool, key_variable: str | None) -> int:
    """3 when a row fails; what the server does not offer is no failure."""
    from tui_assistant.conformance.checks import run as run_checks

    token = os.environ.get(key_variable) if key_variable else None
    verdicts = asyncio.run(run_checks(url, _speech(demo_recording()), token))
    if as_json:
        print(json.dumps([asdict(verdict) for verdict in verdicts]))
    else:
        print("\n".join(_row(verdict) for verdict in verdicts))
    return 3 if any(verdict.answer == "no" for verdict in verdicts) else 0


def _row(verdict: Verdict) -> str:
    return f"{verdict.answer:11}  {verdict.name:28}  {clean(verdict.seen, limit=200)}"


def _speech(path: Path | None) -> bytes:
    """One spoken request at the checks' rate."""
    if path is None:
        raise UnavailableError("the demo recording is missing", "install tui-assistant again")
    import numpy as np

    from tui_assistant.conformance.peer import RATE
    from tui_assistant.sound.resample import resample

    with wave.open(str(path)) as file:
        rate = file.getframerate()
        begin, end = (round(seconds * rate) for seconds in SPEECH_S)
        file.setpos(begin)
        samples = np.frombuffer(file.readframes(end - begin), "<i2")
    return resample(samples, rate, RATE).tobytes()
