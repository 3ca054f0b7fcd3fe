"""The input log: the calls of an engine session in their order, from which the session can be run again.

Two files: `input.log`, one JSON object a line, and `input.bin`, the audio of the calls one behind the other. A line
has `call` (begin, feed, event, refuse, answer or tick), `data`, and `offset` and `length` of its audio in input.bin
when it has any. `begin` comes first and says how the session was made: its settings, its detector, whether a judge
answers (host/session.py). What models said, the judge too, are the answers: a replay asks nobody.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

LOG_NAME, AUDIO_NAME = "input.log", "input.bin"
CALLS = ("begin", "feed", "event", "refuse", "answer", "tick")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a session."""

    call: str
    data: dict[str, Any]
    payload: bytes = b""


def line_of(call: str, data: dict[str, Any], offset: int, length: int) -> str:
    """The line of the log for a call whose audio stands at `offset`."""
    entry: dict[str, Any] = {"call": call, "data": data}
    if length:
        entry |= {"offset": offset, "length": length}
    return json.dumps(entry, separators=(",", ":")) + "\n"
