"""An event as a recording keeps it: whole, with its explanations, and its audio as length and checksum."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

from tui_assistant.protocol.client import ClientEvent
from tui_assistant.protocol.codec import wire
from tui_assistant.protocol.server import ServerEvent

AUDIO_DELTA = "response.output_audio.delta"


def said(event: ServerEvent | ClientEvent) -> dict[str, Any]:
    """The event as JSON, without its audio."""
    data = wire(event, explain=True, partials=True)
    if data["type"] == AUDIO_DELTA:
        return {**data, "delta": _sum(data["delta"])}
    result = _without_audio(data)
    assert isinstance(result, dict)
    return result


def _without_audio(value: Any) -> Any:
    """Wherever the protocol has base64 audio in an event, its key is `audio`; there it is no object."""
    if isinstance(value, dict):
        return {
            key: _sum(inner) if key == "audio" and isinstance(inner, str) else _without_audio(inner)
            for key, inner in value.items()
        }
    return [_without_audio(inner) for inner in value] if isinstance(value, list) else value


def _sum(audio: str) -> dict[str, Any]:
    try:
        data = base64.b64decode(audio, validate=True)
    except (binascii.Error, ValueError):  # what a client sent may be anything: then its text counts
        data = audio.encode()
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
