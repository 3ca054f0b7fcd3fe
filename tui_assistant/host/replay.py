"""Runs an input log through a fresh engine session: the same calls give the same output."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from tui_assistant.engine import ports
from tui_assistant.engine.outbox import Output
from tui_assistant.engine.session import Session
from tui_assistant.host import frames
from tui_assistant.host.session import Session as NamedSession
from tui_assistant.protocol.codec import decode_client
from tui_assistant.protocol.server import ErrorEvent
from tui_assistant.record.format import Call


def rerun(calls: Iterable[Call]) -> Iterator[Output]:
    """All that a session like the recorded one puts out, call by call. Raises UsageError when its making is unknown."""
    calls = iter(calls)
    first = next(calls, None)
    yield from replay(NamedSession.remade(first.data if first is not None and first.call == "begin" else {}), calls)


def replay(session: Session, calls: Iterable[Call]) -> Iterator[Output]:
    """All that `session` puts out, call by call, what it says at its beginning included."""
    yield from session.begin()
    for call in calls:
        match call.call:
            case "feed":
                yield from session.feed(call.payload)
            case "event":
                yield from session.event(decode_client(json.dumps(call.data)))
            case "refuse":
                yield from session.refuse(ErrorEvent.model_validate_json(json.dumps(call.data)))
            case "answer":
                yield from session.answer(call.data["ask_id"], answer_of(call))
            case "tick":
                yield from session.tick(call.data["now_ms"])


def answer_of(call: Call) -> ports.Answer:
    """The answer that a call of that name carried."""
    header = {"to": call.data["ask_id"], **call.data["answer"]}
    message = frames.decode(json.dumps(header).encode() + b"\n" + call.payload)
    assert isinstance(message, frames.Reply)
    return message.answer
