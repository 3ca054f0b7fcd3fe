"""Every name that a session gives says what it names, and is given once."""

from __future__ import annotations

from collections import Counter

from fakes import ASKS, Driver, ScriptedDetector, config

from tui_assistant.engine.ports import (
    Cancel,
    FunctionCallDelta,
    Judge,
    Judged,
    Notify,
    Partial,
    Release,
    Respond,
    Responded,
    Speak,
    TextDelta,
    Transcribe,
    TranscribeAudio,
    TranscribeEnd,
)
from tui_assistant.protocol import server
from tui_assistant.protocol.session import SemanticVad

TEXT = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
LATER = TranscribeAudio | TranscribeEnd | Cancel | Release  # to what an ask before them opened


def talked() -> Driver:
    """Typed, spoken by voice and by hand, judged, prepared, answered in words and by a call."""
    driver = Driver(ScriptedDetector([0.9] * 20), config(SemanticVad()), judge=True, speculate="answered")
    driver.send("conversation.item.create", item=TEXT)
    driver.frames(20)
    driver.answer(driver.of(Transcribe)[0], Partial("hel", "lo"))
    driver.frames(20)
    driver.answer(driver.of(Judge)[0], Judged(1.0, "j"))
    driver.settle()
    driver.frames(5)
    driver.send("input_audio_buffer.commit")  # of silence
    driver.update(None)
    driver.frames(4)
    driver.send("input_audio_buffer.commit")
    driver.frames(1)
    driver.send("response.create")
    for ask in driver.of(TranscribeEnd)[-2:]:
        driver.finish(ask)
    responder = driver.of(Respond)[-1]
    for answer in (TextDelta("So."), FunctionCallDelta("", "add", "{}"), Responded()):
        driver.answer(responder, answer)
    driver.open.remove(responder)
    driver.settle()
    driver.feed(bytes(3_200))
    driver.send("input_audio_buffer.commit")
    return driver


def test_names_are_their_kind_and_a_number() -> None:
    driver = talked()
    given = [ask.ask_id for ask in driver.outputs if isinstance(ask, ASKS) and not isinstance(ask, LATER)]  # type: ignore[attr-defined]
    for kind in (Notify, Transcribe, Judge, Respond, Speak):
        assert driver.of(kind), f"{kind.__name__} is among them"
    named = {
        "ask": given,
        "event": [event.event_id for event in driver.events],
        "item": [event.item.id for event in driver.of(server.ItemAdded)],
        "resp": [event.response.id for event in driver.of(server.ResponseCreated)],
        "call": [event.call_id for event in driver.of(server.FunctionCallArgumentsDone)],
    }
    for kind, names in named.items():
        assert Counter(names) == Counter(f"{kind}_{number}" for number in range(1, len(names) + 1)), kind
    later = {ask.ask_id for ask in driver.outputs if isinstance(ask, LATER)}
    assert later <= set(given)


def test_asks_of_a_session_name_it() -> None:
    driver = talked()
    assert {ask.session_id for ask in [*driver.of(Notify), *driver.of(Respond)]} == {"sess_1"}
    assert driver.of(server.ConversationCreated)[0].conversation.id == "conv_sess_1"
    assert {event.response.conversation_id for event in driver.of(server.ResponseDone)} == {"conv_sess_1"}
