"""What a check says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tui_assistant.conformance.peer import RATE, Peer


class Answer(StrEnum):
    """Whether the server keeps a row of the contract."""

    YES = "yes"
    NO = "no"  # it does something else
    NOT_OFFERED = "not offered"  # it refuses the setting, or has no such thing


@dataclass(frozen=True, slots=True)
class Verdict:
    """One row of the table; `seen` is the measured figure or the reason."""

    name: str
    answer: Answer
    seen: str


class NotOfferedError(Exception):
    """The server refuses what the row needs; the text is its reason."""


# Does the row in a session of its own: whether the contract is kept, and what was seen. May raise NotOfferedError.
Check = Callable[[Peer, bytes], Awaitable[tuple[bool, str]]]

SILENCE_MS = 1500  # behind the speech: longer than any silence_duration_ms of the checks

STARTED, STOPPED = "input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped"
COMMIT, COMMITTED = "input_audio_buffer.commit", "input_audio_buffer.committed"
CLEAR, CLEARED = "input_audio_buffer.clear", "input_audio_buffer.cleared"
CREATE, CREATED, DONE = "response.create", "response.created", "response.done"


def silence(ms: int) -> bytes:
    return bytes(RATE * ms // 1000 * 2)


def vad(**fields: Any) -> dict[str, Any]:
    """server_vad with every field said, because servers differ in their defaults; no answers unless asked for."""
    usual = {"threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500, "create_response": False}
    return {"type": "server_vad", **usual, **fields}


async def configure(peer: Peer, turn_detection: Any) -> None:
    """Sets turn_detection. Raises NotOfferedError when the server refuses it or echoes another type."""
    reply = await peer.configure(turn_detection)
    if reply.get("type") != "session.updated":
        raise NotOfferedError(str(reply.get("error", {}).get("message", "no answer to session.update")))


def in_order(names: list[str], wanted: list[str]) -> bool:
    """`wanted` stand in `names` in that order, others between them."""
    rest = iter(names)
    return all(name in rest for name in wanted)
