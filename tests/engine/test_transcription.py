"""Transcription sessions: turns and words, no responses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fakes import Driver, ScriptedDetector, errors, kinds

from tui_assistant.engine.ports import Alarm, Respond
from tui_assistant.protocol import server
from tui_assistant.protocol.codec import decode_server, wire
from tui_assistant.protocol.session import Audio, AudioInput, PcmFormat, SessionConfig

INPUT = {"format": {"type": "audio/pcm", "rate": 16_000}}


def transcribing() -> Driver:
    driver = Driver(ScriptedDetector([0.9] * 10), SessionConfig())
    driver.send("session.update", session={"type": "transcription", "audio": {"input": INPUT}})
    return driver


def test_turns_and_words_and_nothing_else() -> None:
    driver = transcribing()
    driver.forget()
    driver.frames(40)
    driver.settle()
    assert kinds(driver.outputs) == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "conversation.item.input_audio_transcription.completed",
    ]
    assert driver.answer("ask_1", Alarm("Time is up.")) == []
    assert not driver.of(Respond)


def test_it_is_echoed_with_its_own_fields() -> None:
    (event,) = transcribing().of(server.SessionUpdated)
    session = wire(event)["session"]
    assert set(session) == {"type", "id", "object", "expires_at", "audio", "include"}
    assert (session["object"], set(session["audio"])) == ("realtime.transcription_session", {"input"})
    assert decode_server(json.dumps(wire(event))) == event


def test_a_response_is_refused_by_name() -> None:
    outputs = transcribing().send("response.create", event_id="x")
    assert errors(outputs) == [("invalid_value", "type")]
    assert "response.create" in outputs[0].error.message  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("field", "param"),
    [({"instructions": "x"}, "session.instructions"), ({"audio": {"output": {"voice": "x"}}}, "session.audio.output")],
)
def test_what_only_answers_need_is_unknown(field: dict[str, Any], param: str) -> None:
    driver = transcribing()
    assert errors(driver.send("session.update", session={"type": "transcription", **field})) == [
        ("unknown_parameter", param)
    ]


def test_the_type_stays_after_the_first_audio() -> None:
    driver = transcribing()
    driver.frames(1)
    assert errors(driver.send("session.update", session={"type": "realtime"})) == [("invalid_value", "session.type")]


def test_it_may_be_one_from_the_start() -> None:
    audio = Audio(input=AudioInput(format=PcmFormat(rate=16_000)))
    driver = Driver(configuration=SessionConfig(type="transcription", audio=audio))
    assert driver.of(server.SessionCreated)[0].session.type == "transcription"
