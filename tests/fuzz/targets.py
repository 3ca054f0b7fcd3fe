"""What the coverage-guided fuzzers call: any bytes in, an exception only where something is broken. Needs no fuzzer."""

from __future__ import annotations

import json
from random import Random

from fuzz.corpus import FLAT, GA
from fuzz.harness import Door

from tui_assistant.errors import RemoteProtocolError
from tui_assistant.protocol.codec import client_event_id, decode_client, decode_server, wire
from tui_assistant.protocol.dialects.flat import Flat
from tui_assistant.protocol.dialects.quirks import BETA, QWEN

DIALECTS = ("ga", "qwen")


def codec(data: bytes) -> int:
    """One frame to every decoder. Returns how many took it, and checks that what was taken survives its way out."""
    text = data.decode("utf-8", "replace")
    taken = 0
    for decode in (decode_client, decode_server, Flat(QWEN).decode, Flat(BETA).decode):
        try:
            event = decode(text)
        except RemoteProtocolError:
            continue
        taken += 1
        again = json.dumps(wire(event, explain=True, partials=True), allow_nan=False)
        assert type(event).model_validate_json(again) == event
    client_event_id(text)
    return taken


def session(data: bytes) -> int:
    """A whole conversation: frames between newlines, each behind a byte that says what happens before it."""
    if not data:
        return 0
    random = Random(data[0])
    door = Door(DIALECTS[data[0] % 2], random)
    for line in data[1:].split(b"\n"):
        if line and line[0] % 2:
            door.go_on()
        door.receive(line[1:].decode("utf-8", "replace"))
    door.settle()
    return door.errors


def codec_seeds() -> list[bytes]:
    return [json.dumps(event).encode() for event in (*GA, *FLAT)]


def session_seeds() -> list[bytes]:
    """Each dialect's events, one after the other."""
    return [
        bytes([number]) + b"\n".join(b"\x01" + json.dumps(event).encode() for event in events)
        for number, events in enumerate((GA, FLAT))
    ]
