"""Transcription sessions: turns and words, no responses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fakes import Driver, Models, ScriptedDetector, config, errors, kinds, streams, tone

from tui_assistant.engine.ports import Alarm, Cancel, Partial, Respond, Transcribe, TranscribeAudio
from tui_assistant.protocol import server
from tui_assistant.protocol.codec import decode_server, encode_audio, wire
from tui_assistant.protocol.session import Audio, AudioInput, PcmFormat, SessionConfig, Transcription

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


def test_sound_that_a_client_puts_into_an_item_is_written_down_and_answered() -> None:
    """ "Full audio messages" of the guide: conversation.item.create with a recording, then response.create."""
    driver = Driver(configuration=config(None, rate=24_000, input={"transcription": Transcription(language="en")}))
    driver.models = Models(words=["what time is it"])
    said = [
        {"type": "input_text", "text": "Now:"},
        {"type": "input_audio", "audio": encode_audio(tone(1_500, rate=24_000))},
    ]
    driver.send("conversation.item.create", item={"type": "message", "role": "user", "content": said})
    driver.send("response.create")
    assert not driver.of(Respond), "its words are waited for"
    assert [ask.language for ask in driver.of(Transcribe)] == ["en"]
    heard = b"".join(ask.pcm for ask in driver.of(TranscribeAudio))
    assert len(heard) == len(tone(1_500)), "at 16 kHz"
    driver.answer(driver.of(Transcribe)[0], Partial("what"))
    driver.settle()
    (delta,), (done,) = driver.of(server.TranscriptionDelta), driver.of(server.TranscriptionCompleted)
    assert [(event.item_id, event.content_index) for event in (delta, done)] == [("item_1", 1)] * 2
    assert (done.transcript, done.usage.seconds) == ("what time is it", 1.5)
    assert [line.text for line in driver.of(Respond)[0].messages] == ["Now: what time is it"]
    text, sound = driver.retrieve("item_1").content
    assert (text.text, sound.transcript, sound.audio) == ("Now:", "what time is it", said[1]["audio"])


@pytest.mark.parametrize(
    "part", [{"audio": "AA=="}, {"transcript": "hi"}, {"audio": encode_audio(tone(50)), "transcript": "hi"}]
)
def test_sound_with_its_words_or_without_a_sample_is_not_listened_to(part: dict[str, str]) -> None:
    driver = Driver(configuration=config(None))
    content = [{"type": "input_audio", **part}]
    driver.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
    assert not driver.of(Transcribe)


def test_the_words_of_a_deleted_recording_are_not_waited_for() -> None:
    driver = Driver(configuration=config(None))
    content = [{"type": "input_audio", "audio": encode_audio(tone(200))}]
    driver.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
    driver.send("conversation.item.delete", item_id="item_1")
    assert [ask.ask_id for ask in driver.of(Cancel)] == streams(driver.outputs)


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
