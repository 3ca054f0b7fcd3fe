"""Runs an input log through a fresh engine session: the same calls give the same output."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import cast, get_args

from tui_assistant.engine import ports
from tui_assistant.engine.outbox import Output
from tui_assistant.engine.session import Session
from tui_assistant.errors import LocalProtocolError, RemoteProtocolError, UsageError
from tui_assistant.host import frames
from tui_assistant.host.session import Session as NamedSession
from tui_assistant.protocol.codec import decode_client
from tui_assistant.protocol.server import ErrorEvent, ServerEvent
from tui_assistant.record.format import Call

_SERVER_EVENTS = get_args(get_args(ServerEvent)[0])


def rerun(calls: Iterable[Call]) -> Iterator[tuple[Call, list[Output]]]:
    """Each call of a recorded session with what it puts out now. Raises UsageError when its making is unknown."""
    calls = iter(calls)
    first = next(calls, Call("", {}))
    session = NamedSession.remade(first.data if first.call == "begin" else {})
    try:
        begun = session.begin()
    except (TypeError, ValueError):
        hint = "was it recorded by another version?"
        raise UsageError("the recording does not say how its session was made", hint) from None
    yield first, begun
    for call in calls:
        yield call, make(session, call)


def server_events(calls: Iterable[Call]) -> Iterator[tuple[Call, ServerEvent]]:
    """What a client of the session hears now, each with the call that it follows from. Raises as `rerun`."""
    for call, outputs in rerun(calls):
        for output in outputs:
            if isinstance(output, _SERVER_EVENTS):
                yield call, cast("ServerEvent", output)


def replay(session: Session, calls: Iterable[Call]) -> Iterator[Output]:
    """All that `session` puts out, call by call, what it says at its beginning included."""
    yield from session.begin()
    for call in calls:
        yield from make(session, call)


def make(session: Session, call: Call) -> list[Output]:
    """Makes one call. Raises UsageError when its data is not what such a call has."""
    try:
        match call.call:
            case "feed":
                return session.feed(call.payload)
            case "event":
                return session.event(decode_client(json.dumps(call.data)))
            case "refuse":
                return session.refuse(ErrorEvent.model_validate_json(json.dumps(call.data)))
            case "answer":
                return session.answer(call.data["ask_id"], answer_of(call))
            case "tick":
                return session.tick(call.data["now_ms"])
    except (KeyError, TypeError, ValueError, AttributeError, RemoteProtocolError, LocalProtocolError) as error:
        why = next(iter(str(error).splitlines()), type(error).__name__)
        hint = "was it recorded by another version?"
        raise UsageError(f"the recording has a call ({call.call}) that cannot be made: {why}", hint) from None
    return []


def answer_of(call: Call) -> ports.Answer:
    """The answer that a call of that name carried."""
    header = {"to": call.data["ask_id"], **call.data["answer"]}
    message = frames.decode(json.dumps(header).encode() + b"\n" + call.payload)
    if not isinstance(message, frames.Reply):
        raise TypeError("not an answer")
    return message.answer
