"""What every link does, wherever the conversation runs: Realtime events in both directions, and audio in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tui_assistant.engine.observation import Observation
from tui_assistant.links.traffic import Traffic
from tui_assistant.protocol.client import ClientEvent
from tui_assistant.protocol.server import ServerEvent


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """How the link stands. `text` is for the status line, `told` one line for the user when something happened."""

    ready: bool
    text: str
    told: str = ""
    severity: str = "information"
    lost: bool = False  # the conversation has broken off: audio that was not committed has gone


@dataclass(frozen=True, slots=True)
class LinkEvents:
    """Where a link reports; all on the thread that opened it."""

    server_event: Callable[[ServerEvent], None]
    observation: Callable[[Observation], None]  # only from links that detect turns here
    status: Callable[[LinkStatus], None]


class Link(Protocol):
    """One conversation's place. All calls come from the thread of the loop that opened it; none blocks."""

    name: str
    input_rate: int  # Hz, of what `feed` takes
    output_rate: int  # Hz, of response.output_audio.delta

    @property
    def observes(self) -> bool:
        """Whether it sends observations of the audio it is fed: turns are detected here."""
        ...

    @property
    def fine(self) -> bool:
        """Whether the engine that detects turns is ours: it takes hysteresis and min_speech_ms."""
        ...

    async def open(self, events: LinkEvents) -> None:
        """Begins; returns when audio may be fed. Raises LinkError."""
        ...

    def send(self, event: ClientEvent) -> None: ...

    def feed(self, pcm: bytes) -> None:
        """Appends audio: int16 little-endian mono at `input_rate`."""
        ...

    async def ready(self) -> None:
        """Waits until an answer can be given at once, e.g. because the models are loaded."""
        ...

    @property
    def counters(self) -> dict[str, int]:
        """Losses, by name."""
        ...

    async def close(self) -> None: ...


class ServedLink(Link, Protocol):
    """A link to a server."""

    @property
    def appended_ms(self) -> int:
        """Audio that the session which runs now was given: its clock."""
        ...

    @property
    def waiting_commits(self) -> tuple[str | None, ...]:
        """The event ids of the commits that no session has confirmed, in order: a new one is told them again."""
        ...

    def traffic(self) -> Traffic:
        """What has gone over the wire so far."""
        ...
