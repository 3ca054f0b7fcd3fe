"""Reads an input log again, also one that was cut off by a kill."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from tui_assistant.errors import UsageError
from tui_assistant.record.format import AUDIO_NAME, CALLS, LOG_NAME, Call


def read_input_log(folder: Path) -> Iterator[Call]:
    """The calls in their order, up to the first line that is not whole. Raises UsageError when there is no log."""
    try:
        lines = (folder / LOG_NAME).read_bytes().splitlines(keepends=True)
        audio = (folder / AUDIO_NAME).read_bytes()
    except OSError as error:
        raise UsageError(f"{folder}: no recording: {error.strerror}", "give the folder of --record") from None
    for number, line in enumerate(lines, 1):
        if not line.endswith(b"\n"):
            return  # the process was killed while it wrote this line
        try:
            entry = json.loads(line)
            begin, length = entry.get("offset", 0), entry.get("length", 0)
            call = Call(entry["call"], entry["data"], audio[begin : begin + length])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise UsageError(f"{folder / LOG_NAME}: line {number} is no call of a session") from None
        if call.call not in CALLS or len(call.payload) != length:
            raise UsageError(f"{folder / LOG_NAME}: line {number} is no call of a session")
        yield call
