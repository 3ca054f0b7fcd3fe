"""Runs an input log through a fresh engine session: the same calls give the same output."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from tui_assistant.engine import ports
from tui_assistant.engine.outbox import Output
from tui_assistant.engine.session import Session
from tui_assistant.host import frames
from tui_assistant.protocol.codec import decode_client
from tui_assistant.protocol.server import ErrorEvent
from tui_assistant.record.format import Call


def replay(session: Session, calls: Iterable[Call]) -> Iterator[Output]:
    """All that `session` puts out, call by call, `begin` included."""
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
