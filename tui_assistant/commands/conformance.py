"""`tui-assistant conformance URL`: the turn-detection contract against a running server, as a table."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import wave
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tui_assistant.commands.assistant import demo_recording
from tui_assistant.errors import UnavailableError, UsageError
from tui_assistant.safetext import clean

if TYPE_CHECKING:
    from tui_assistant.conformance.verdict import Verdict

SPEECH_S = (7.0, 8.0)  # of the demo recording: one short request without a pause
ANSWER_COLUMNS = len("not offered")
SEEN_CHARACTERS = 200  # of what a server says; its errors may be long
NARROWEST = 20  # columns for what was seen, on however narrow a terminal


def run(url: str, *, as_json: bool, key_variable: str | None, dialect: str, at_once: int) -> int:
    """3 when a row fails; what the server does not offer is no failure."""
    token = os.environ.get(key_variable) if key_variable else None
    if key_variable and not token:
        raise UsageError(f"--key-env: the variable {key_variable} is not set", f"export {key_variable}=...")
    verdicts = asyncio.run(_verdicts(url, token, dialect, at_once))
    if as_json:
        print(json.dumps([asdict(verdict) for verdict in verdicts]))
    else:
        print("\n".join(table(verdicts, shutil.get_terminal_size().columns)))
    return 3 if any(verdict.answer == "no" for verdict in verdicts) else 0


async def _verdicts(url: str, token: str | None, dialect: str, at_once: int) -> list[Verdict]:
    from tui_assistant.conformance import checks

    wire = await checks.find_wire(url, token, dialect)
    return await checks.run(url, _speech(demo_recording(), wire.rate), token, wire, at_once=at_once)


def table(verdicts: Sequence[Verdict], width: int) -> list[str]:
    """One row each, of at most `width` columns; what is longer goes on in the lines below."""
    names = max(len(verdict.name) for verdict in verdicts)
    margin = ANSWER_COLUMNS + 2 + names + 2
    lines = []
    for verdict in verdicts:
        seen = _wrapped(clean(verdict.seen, limit=SEEN_CHARACTERS), max(width - margin, NARROWEST))
        lines.append(f"{verdict.answer:{ANSWER_COLUMNS}}  {verdict.name:{names}}  {''.join(seen[:1])}".rstrip())
        lines += [" " * margin + rest for rest in seen[1:]]
    return lines


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width` cells, broken between words where one fits; a Chinese character takes two cells."""
    from rich.cells import cell_len, chop_cells

    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if cell_len(longer) <= width:
            lines[-1] = longer
            continue
        *full, last = chop_cells(word, width)
        lines[-1:] = [line for line in (lines[-1], *full) if line] + [last]
    return lines


def _speech(path: Path | None, to_rate: int) -> bytes:
    """One spoken request at the rate of a wire."""
    if path is None:
        raise UnavailableError("the demo recording is missing", "install tui-assistant again")
    import numpy as np

    from tui_assistant.sound.resample import resample

    with wave.open(str(path)) as file:
        rate = file.getframerate()
        begin, end = (round(seconds * rate) for seconds in SPEECH_S)
        file.setpos(begin)
        samples = np.frombuffer(file.readframes(end - begin), "<i2")
    return resample(samples, rate, to_rate).tobytes()
