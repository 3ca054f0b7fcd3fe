"""Making recorded calls again: what no session could have been called with is one clear line."""

from __future__ import annotations

from typing import Any

import pytest
from fakes import ScriptedDetector, config

from tui_assistant.engine.session import Session
from tui_assistant.errors import UsageError
from tui_assistant.host.replay import make, server_events
from tui_assistant.host.session import Session as NamedSession
from tui_assistant.record.format import Call


@pytest.mark.parametrize(
    ("call", "data"),
    [
        ("event", {"type": "nonsense"}),
        ("event", {}),
        ("refuse", {"type": "error"}),
        ("answer", {}),
        ("answer", {"ask_id": "a", "answer": {"type": "Hello", "options": {}}}),
        ("answer", {"ask_id": "a", "answer": 3}),
        ("tick", {}),
        ("tick", {"now_ms": "soon"}),
    ],
)
def test_a_call_that_cannot_be_made(call: str, data: dict[str, Any]) -> None:
    session = Session(ScriptedDetector(), config(), max_ms=60_000)
    session.begin()
    session.tick(0)
    with pytest.raises(UsageError) as caught:
        make(session, Call(call, data))
    assert f"the recording has a call ({call}) that cannot be made" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_server_events_come_with_the_call_that_they_follow_from() -> None:
    begin = Call("begin", NamedSession(vad="energy").made_with)
    clear = Call("event", {"type": "input_audio_buffer.clear"}, at_ms=70)
    found = [(call.call, event.type, call.at_ms) for call, event in server_events([begin, clear])]
    assert found == [
        ("begin", "session.created", 0),
        ("begin", "conversation.created", 0),
        ("event", "input_audio_buffer.cleared", 70),
    ]
