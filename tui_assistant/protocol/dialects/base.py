"""What a dialect does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tui_assistant.protocol.client import ClientEvent
from tui_assistant.protocol.server import ServerEvent


@dataclass(frozen=True, slots=True)
class Quirks:
    """Where a peer differs from its dialect's rule."""

    explain: bool = False  # send reason and at_ms, which are ours


class Dialect(Protocol):
    """Translates for one connection; may keep state of it."""

    def decode(self, text: str | bytes) -> ClientEvent:
        """One frame of the client. Raises RemoteProtocolError."""
        ...

    def encode(self, event: ServerEvent) -> str:
        """One frame for the client."""
        ...
