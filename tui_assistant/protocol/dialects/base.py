"""What a dialect does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tui_assistant.protocol.client import ClientEvent
from tui_assistant.protocol.server import ServerEvent
from tui_assistant.protocol.session import SessionConfig


@dataclass(frozen=True, slots=True)
class Quirks:
    """Where a peer differs from its dialect's rule."""

    explain: bool = False  # send reason and at_ms, which are ours


class Dialect(Protocol):
    """Translates for one connection; may keep state of it.

    An event that `decode` has returned is given to the session, and what the session says to it goes through `encode`,
    before the next `session.update` is decoded: so the dialect knows which update was accepted.
    """

    @property
    def config(self) -> SessionConfig:
        """What a session of this dialect begins with."""
        ...

    def decode(self, text: str | bytes) -> ClientEvent:
        """One frame of the client. Raises RemoteProtocolError."""
        ...

    def encode(self, event: ServerEvent) -> list[str]:
        """The frames for the client, in order: mostly one; none where the dialect has no such event."""
        ...
