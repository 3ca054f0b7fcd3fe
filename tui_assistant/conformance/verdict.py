"""What a check says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tui_assistant.conformance.peer import Peer


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

ANSWER_S = 30  # of a spoken answer to be made, by a server that has others to answer
SILENCE_MS = 1500  # behind the speech: longer than any silence_duration_ms of the checks

STARTED, STOPPED = "input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped"
COMMIT, COMMITTED = "input_audio_buffer.commit", "input_audio_buffer.committed"
CLEAR, CLEARED = "input_audio_buffer.clear", "input_audio_buffer.cleared"
CREATE, CREATED, DONE = "response.create", "response.created", "response.done"


def vad(**fields: Any) -> dict[str, Any]:
    """server_vad with every field said, because servers differ in their defaults; no answers unless asked for."""
    usual = {"threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500, "create_response": False}
    return {"type": "server_vad", **usual, **fields}


async def configure(peer: Peer, turn_detection: Any, needs: tuple[str, ...] = ("type",)) -> None:
    """Sets turn_detection; of a server that refuses some of it, at least the keys that the row `needs`.

    Raises NotOfferedError when it refuses those too, or shows other values for them.
    """
    reply = await peer.configure(turn_detection)
    if reply.get("type") == "error" and turn_detection is not None:
        peer.events.clear()  # the row counts errors of its own
        reply = await peer.configure({key: turn_detection[key] for key in {"type", *needs}})
    if reply.get("type") != "session.updated":
        raise NotOfferedError(str((reply.get("error") or {}).get("message", "no answer to session.update")))
    if turn_detection is None:
        return
    shown = peer.wire.rules(reply["session"])
    for key in ("type", *needs):
        if key in shown and shown[key] != turn_detection[key]:
            raise NotOfferedError(f"{key} stays {shown[key]}")


def in_order(names: list[str], wanted: list[str]) -> bool:
    """`wanted` stand in `names` in that order, others between them."""
    rest = iter(names)
    return all(name in rest for name in wanted)


def brief(names: Iterable[str]) -> str:
    """Names of events as a table has room for them, each once."""
    prefixes = "input_audio_buffer.", "conversation."
    return " ".join(dict.fromkeys(name.removeprefix(prefixes[0]).removeprefix(prefixes[1]) for name in names))
