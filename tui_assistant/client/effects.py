"""What the client's core wants done: by the link, the player, the microphone and the screen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from tui_assistant.client.latency import Waterfall
from tui_assistant.client.transcript import TranscriptLine
from tui_assistant.protocol import client


@dataclass(frozen=True, slots=True)
class Play:
    """Player: the next audio of an item, in the link's output format."""

    item_id: str
    pcm: bytes


@dataclass(frozen=True, slots=True)
class PlayEnd:
    """Player: nothing more comes for this item."""


@dataclass(frozen=True, slots=True)
class Flush:
    """Player: stop at once and drop what is not heard."""


@dataclass(frozen=True, slots=True)
class Duck:
    """Player: goes on quietly, at once, and stays so until Unduck or Flush."""


@dataclass(frozen=True, slots=True)
class Unduck:
    """Player: back to what it was, by a fade."""


class Since(Enum):
    """From where on a held turn has audio."""

    PREROLL = "a little before the press"
    LAST_TURN = "from the end of the last held turn on, so that nothing is missing between the two"
    NOW = "behind what the link has already: it is part of the turn"


@dataclass(frozen=True, slots=True)
class TakeFloor:
    """Microphone: all that is said goes to the link, as one turn. `at_ms`: the press."""

    at_ms: float
    since: Since = Since.PREROLL


@dataclass(frozen=True, slots=True)
class KeepFloor:
    """Microphone: the key was not let go after all; what is said goes to the link as before."""


@dataclass(frozen=True, slots=True)
class ReleaseFloor:
    """Microphone: what was said up to `at_ms`, and a short tail, still goes out; then `floor_released` is called."""

    at_ms: float


@dataclass(frozen=True, slots=True)
class DropFloor:
    """Microphone: nobody holds the floor any more."""


@dataclass(frozen=True, slots=True)
class Tell:
    """One line for the user (foreign text)."""

    text: str
    severity: Literal["information", "warning", "error"] = "information"


@dataclass(frozen=True, slots=True)
class Did:
    """What a skill did, for the runtime to follow (volume, timers)."""

    metadata: dict[str, str]


Effect = (
    client.ClientEvent
    | Play
    | PlayEnd
    | Flush
    | Duck
    | Unduck
    | TakeFloor
    | KeepFloor
    | ReleaseFloor
    | DropFloor
    | TranscriptLine
    | Tell
    | Did
    | Waterfall
)
