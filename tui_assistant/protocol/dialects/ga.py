"""The dialect of OpenAI's GA API: what we use inside, so nothing is renamed."""

from __future__ import annotations

import json

from tui_assistant.protocol.client import ClientEvent
from tui_assistant.protocol.codec import decode_client, wire
from tui_assistant.protocol.dialects.base import Quirks
from tui_assistant.protocol.server import ServerEvent, TranscriptionDelta
from tui_assistant.protocol.session import SessionConfig


class Ga:
    """Stateless."""

    def __init__(self, quirks: Quirks | None = None, config: SessionConfig | None = None) -> None:
        self._quirks = quirks or Quirks()
        self.config = config or SessionConfig()

    def decode(self, text: str | bytes) -> ClientEvent:
        return decode_client(text)

    def encode(self, event: ServerEvent) -> list[str]:
        explain = self._quirks.explain  # to those who ask also which words may still change
        if isinstance(event, TranscriptionDelta) and not event.delta and not explain:
            return []  # nothing of it is for this wire
        return [json.dumps(wire(event, explain=explain, partials=explain), separators=(",", ":"))]
