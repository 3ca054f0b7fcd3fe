"""The two flows of the protocol name by name, and the client's events."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fakes import FRAME_BYTES, Driver, Models, ScriptedDetector, config, errors, kinds, plain, streams

from tui_assistant.engine.ids import Ids
from tui_assistant.engine.ports import Cancel, Failed, Final, Notify, Partial, Respond, Spoken, Transcribe
from tui_assistant.errors import LocalProtocolError
from tui_assistant.protocol import server
from tui_assistant.protocol.codec import encode_audio, wire
from tui_assistant.protocol.items import ErrorDetail
from tui_assistant.protocol.session import ServerVad, SessionConfig, Transcription

ANSWER = [
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_audio_transcript.delta",
    "response.output_audio_transcript.delta",
    "response.output_audio.delta",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "response.output_item.done",
    "conversation.item.done",
    "response.done",
]
COMMITTED = ["input_audio_buffer.committed", "conversation.item.added", "conversation.item.done"]
TEXT = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
WORDS = {"transcription": Transcription()}


def spoken(vad: Any = None, **fields: Any) -> Driver:
    """Ten frames of quiet, twenty of speech, then quiet."""
    detector = ScriptedDetector([0.0] * 10 + [0.9] * 20)
    return Driver(detector, config(vad or ServerVad(), **fields))


class TestVadFlow:
    """speech_started, speech_stopped, committed, the user's item, an answer by itself."""

    def test_name_by_name(self) -> None:
        driver = spoken(input=WORDS)
        assert kinds(driver.outputs) == ["session.created", "conversation.created"]
        driver.forget()
        driver.frames(60)
        driver.settle()
        assert kinds(driver.outputs) == [
            "input_audio_buffer.speech_started",
            "input_audio_buffer.speech_stopped",
            *COMMITTED,
            "response.created",
            "conversation.item.input_audio_transcription.completed",
            *ANSWER[1:],
        ]

    def test_one_item_from_its_announcement_on(self) -> None:
        driver = spoken(input=WORDS)
        driver.frames(60)
        driver.settle()
        (started,) = driver.of(server.SpeechStarted)
        added = driver.of(server.ItemAdded)[0]
        assert {
            started.item_id,
            driver.of(server.SpeechStopped)[0].item_id,
            driver.of(server.BufferCommitted)[0].item_id,
            added.item.id,
            driver.of(server.TranscriptionCompleted)[0].item_id,
        } == {"item_1"}
        assert added.item.status == "completed"
        assert driver.of(server.BufferCommitted)[0].previous_item_id is None
        assert wire(added)["item"]["content"] == [{"type": "input_audio", "audio": None, "transcript": None}]
        assert driver.of(server.TranscriptionCompleted)[0].usage.seconds == pytest.approx(1.452)

    def test_the_responder_is_asked_once_the_words_are_known(self) -> None:
        driver = spoken()
        driver.frames(60)
        assert not driver.of(Respond)
        driver.answer(streams(driver.outputs)[0], Final("set a timer"))
        (ask,) = driver.of(Respond)
        assert [(message.role, message.text) for message in ask.messages] == [("user", "set a timer")]

    def test_a_second_turn_follows_the_first(self) -> None:
        detector = ScriptedDetector(([0.9] * 10 + [0.0] * 30) * 2)
        driver = Driver(detector, config(ServerVad()))
        driver.frames(40)
        driver.settle()
        driver.frames(40)
        driver.settle()
        assert [event.previous_item_id for event in driver.of(server.BufferCommitted)] == [None, "item_2"]
        for told in (driver.of(server.ItemAdded), driver.of(server.ItemDone)):
            assert [event.previous_item_id for event in told] == [None, "item_1", "item_2", "item_3"]
        assert [message.role for message in driver.of(Respond)[1].messages] == ["user", "assistant", "user"]

    def test_a_cough_gets_no_answer(self) -> None:
        driver = spoken()
        driver.models = Models(words=[""])
        driver.frames(60)
        driver.settle()
        assert kinds(driver.outputs)[-2:] == ["response.created", "response.done"]
        response = driver.of(server.ResponseDone)[0].response
        assert response.status == "completed"
        assert response.usage is not None
        assert response.usage.total_tokens == 0
        assert not driver.of(Respond)

    def test_what_the_client_wants_to_be_said_is_said_after_a_cough(self) -> None:
        driver = Driver(ScriptedDetector(), config(None), Models(words=[""]))
        driver.frames(10)
        driver.send("input_audio_buffer.commit")
        driver.send("response.create", response={"instructions": "Say that dinner is ready."})
        driver.settle()
        (ask,) = driver.of(Respond)
        assert ask.instructions == "Say that dinner is ready."
        assert [(line.role, line.text) for line in ask.messages] == [("user", "")], "nothing old is answered"

    def test_a_cough_does_not_swallow_the_question_before_it(self) -> None:
        driver = Driver(ScriptedDetector([0.9] * 10 + [0.0] * 20 + [0.9] * 10), config(ServerVad(), input=WORDS))
        driver.models = Models(words=["what time is it", ""])
        driver.frames(80)  # both before any word is known
        driver.settle()
        assert [line.text for line in driver.of(Respond)[-1].messages] == ["what time is it"]


@pytest.mark.parametrize("event", [{"type": "response.create"}, '{"type": "response.create"}'])
def test_what_is_no_event_is_not_passed_over(event: Any) -> None:
    with pytest.raises(LocalProtocolError, match="decode_client"):
        Driver().event(event)


class TestManualFlow:
    """append, commit, committed, the user's item, response.create, the answer; nothing about speech."""

    def test_name_by_name(self) -> None:
        driver = Driver(ScriptedDetector([0.9] * 100), config(None, input=WORDS))
        driver.forget()
        for _ in range(30):
            assert kinds(driver.send("input_audio_buffer.append", audio=encode_audio(bytes(FRAME_BYTES)))) == []
        assert kinds(driver.send("input_audio_buffer.commit")) == COMMITTED
        assert driver.of(server.BufferCommitted)[0].reason == {"rule": "commit"}
        driver.forget()
        assert kinds(driver.send("response.create")) == ["response.created"]
        driver.settle()
        assert kinds(driver.outputs) == [
            "response.created",
            "conversation.item.input_audio_transcription.completed",
            *ANSWER[1:],
        ]

    def test_commit_alone_never_answers(self) -> None:
        driver = Driver(ScriptedDetector(), config(None))
        driver.frames(30)
        driver.send("input_audio_buffer.commit")
        driver.settle()
        driver.frames(100)
        assert not driver.of(server.ResponseCreated)

    def test_a_typed_message(self) -> None:
        driver = Driver(configuration=config(None))
        outputs = driver.send("conversation.item.create", item=TEXT)
        assert kinds(outputs) == ["conversation.item.added", "conversation.item.done"]
        item = driver.of(server.ItemDone)[0].item
        assert (item.id, item.status) == ("item_1", "completed")
        driver.forget()
        driver.send("response.create")
        driver.settle()
        assert kinds(driver.outputs) == ANSWER


class TestWords:
    def test_words_appear_while_the_user_speaks(self) -> None:
        driver = spoken(input=WORDS)
        driver.frames(20)
        (stream,) = streams(driver.outputs)
        for partial in (Partial("", "set"), Partial("set", "a tie"), Partial("set a", ""), Partial("other", "")):
            driver.answer(stream, partial)
        found = [(d.item_id, d.delta, d.text, d.stash) for d in driver.of(server.TranscriptionDelta)]
        assert found == [
            ("item_1", "", "", "set"),
            ("item_1", "set", "set", "a tie"),
            ("item_1", " a", "set a", ""),
            ("item_1", "", "set a", ""),
        ], "what was firm is not taken back"

    def test_without_transcription_the_words_stay_inside(self) -> None:
        driver = spoken()
        driver.frames(20)
        assert kinds(driver.answer(streams(driver.outputs)[0], Partial("set", ""))) == []
        driver.frames(60)
        driver.settle()
        assert not [kind for kind in kinds(driver.outputs) if "transcription" in kind]
        assert driver.retrieve("item_1").content[0].transcript == "hello"

    def test_the_language_reaches_the_recogniser(self) -> None:
        driver = spoken(input={"transcription": Transcription(language="de")})
        driver.frames(60)
        driver.send("input_audio_buffer.commit")  # of silence: nothing had been opened
        driver.update(None)
        driver.frames(1)
        assert [ask.language for ask in driver.of(Transcribe)] == ["de"] * 3

    @pytest.mark.parametrize("wanted", [True, False])
    def test_a_failed_transcription_is_said_and_answered(self, wanted: bool) -> None:
        driver = spoken(input=WORDS if wanted else {})
        driver.frames(60)
        outputs = driver.answer(streams(driver.outputs)[0], Failed("worker", "It has ended."))
        failed = "conversation.item.input_audio_transcription.failed" if wanted else "error"
        assert kinds(outputs) == [failed, "response.done"]
        event = next(o for o in outputs if getattr(o, "type", "") == failed)
        assert (event.error.type, event.error.code, event.error.message) == ("server_error", "worker", "It has ended.")  # type: ignore[union-attr]

    def test_words_of_a_deleted_item_are_dropped(self) -> None:
        driver = spoken(input=WORDS)
        driver.frames(60)
        (stream,) = streams(driver.outputs)
        outputs = driver.send("conversation.item.delete", item_id="item_1")
        assert Cancel(stream) in outputs
        assert kinds(outputs)[0] == "conversation.item.deleted"
        assert [ask.messages for ask in driver.of(Respond)] == [()], "the response does not wait for them"
        assert driver.answer(stream, Final("late")) == []

    def test_a_recogniser_that_answers_something_else_is_our_bug(self) -> None:
        driver = spoken()
        driver.frames(60)
        with pytest.raises(LocalProtocolError, match=r"^a recogniser cannot answer Spoken$"):
            driver.answer(streams(driver.outputs)[0], Spoken())


class TestItems:
    def test_places_in_the_conversation(self) -> None:
        driver = Driver(configuration=config(None))
        for fields in ({}, {}, {"previous_item_id": "root"}, {"previous_item_id": "item_1"}):
            driver.send("conversation.item.create", item=TEXT, **fields)
        found = [(event.item.id, event.previous_item_id) for event in driver.of(server.ItemAdded)]
        assert found == [("item_1", None), ("item_2", "item_1"), ("item_3", None), ("item_4", "item_1")]
        assert found == [(event.item.id, event.previous_item_id) for event in driver.of(server.ItemDone)]
        driver.send("conversation.item.delete", item_id="item_4")
        driver.send("conversation.item.create", item=TEXT, previous_item_id="item_1")
        assert driver.of(server.ItemAdded)[-1].previous_item_id == "item_1"

    @pytest.mark.parametrize(
        ("kind", "fields", "code", "param"),
        [
            ("conversation.item.retrieve", {"item_id": "x"}, "item_not_found", "item_id"),
            ("conversation.item.delete", {"item_id": "x"}, "item_not_found", "item_id"),
            ("conversation.item.truncate", {"item_id": "x", "audio_end_ms": 1}, "item_not_found", "item_id"),
            ("conversation.item.truncate", {"item_id": "mine", "audio_end_ms": 1}, None, "item_id"),
            ("conversation.item.create", {"item": TEXT, "previous_item_id": "x"}, "item_not_found", "previous_item_id"),
            ("conversation.item.create", {"item": {**TEXT, "id": "mine"}}, "invalid_value", "item.id"),
        ],
    )
    def test_refused(self, kind: str, fields: dict[str, Any], code: str | None, param: str) -> None:
        driver = Driver(configuration=config(None))
        driver.send("conversation.item.create", item={**TEXT, "id": "mine"})
        (error,) = driver.send(kind, event_id="e7", **fields)
        assert isinstance(error, server.ErrorEvent)
        assert (error.error.code, error.error.param, error.error.event_id) == (code, param, "e7")
        assert error.error.type == "invalid_request_error"
        driver.send("conversation.item.create", item=TEXT)
        assert driver.of(server.ItemAdded)[-1].item.id == "item_1", "what was refused has taken no name"

    def test_a_client_s_name_for_an_item_never_meets_one_of_ours(self) -> None:
        driver = spoken()
        driver.send("conversation.item.create", item={**TEXT, "id": "item_1"})
        driver.frames(20)
        (started,) = driver.of(server.SpeechStarted)
        assert started.item_id == "item_2"
        assert errors(driver.send("conversation.item.create", item={**TEXT, "id": "item_2"})) == [
            ("invalid_value", "item.id")
        ]
        driver.frames(40)
        driver.settle()
        assert driver.of(server.BufferCommitted)[0].item_id == "item_2"

    def test_an_empty_name_is_none(self) -> None:
        driver = spoken()
        driver.send("conversation.item.create", item={**TEXT, "id": ""})
        driver.frames(60)
        driver.send("conversation.item.create", item={**TEXT, "id": ""})
        driver.send("input_audio_buffer.clear")
        driver.send("conversation.item.create", item={**TEXT, "id": ""})
        driver.update(None)
        driver.update({"type": "server_vad"})
        driver.send("conversation.item.create", item={**TEXT, "id": ""})
        assert [event.item.id for event in driver.of(server.ItemAdded)] == [f"item_{number}" for number in range(1, 6)]

    def test_created_audio_is_in_no_event_but_retrieved(self) -> None:
        driver = Driver(configuration=config(None))
        part = {"type": "input_audio", "audio": "AAAA", "transcript": "hi"}
        driver.send("conversation.item.create", item={**TEXT, "content": [part]})
        assert all("AAAA" not in json.dumps(wire(event)) for event in driver.events)
        assert driver.retrieve("item_1").content[0].audio == "AAAA"
        driver.send("response.create")
        assert [message.text for message in driver.of(Respond)[0].messages] == ["hi"]


class TestUpdates:
    def test_the_effective_configuration_is_echoed(self) -> None:
        driver = Driver(configuration=SessionConfig())
        created = wire(driver.of(server.SessionCreated)[0])["session"]
        assert created["audio"]["input"]["turn_detection"] == {
            "type": "server_vad",
            "threshold": 0.5,
            "prefix_padding_ms": 300,
            "silence_duration_ms": 500,
            "idle_timeout_ms": None,
            "create_response": True,
            "interrupt_response": True,
        }
        assert (created["id"], created["object"]) == ("sess_1", "realtime.session")
        driver.update({"type": "semantic_vad", "threshold": 0.9})
        updated = wire(driver.of(server.SessionUpdated)[0])["session"]
        assert updated["audio"]["input"]["turn_detection"] == {
            "type": "semantic_vad",
            "eagerness": "auto",
            "create_response": True,
            "interrupt_response": True,
        }
        driver.update(None)
        assert wire(driver.of(server.SessionUpdated)[1])["session"]["audio"]["input"]["turn_detection"] is None

    @pytest.mark.parametrize("bad", [{"threshold": 2}, {"type": "x"}, {"foo": 1}, {"silence_duration_ms": "5"}])
    def test_a_refused_update_changes_nothing_at_all(self, bad: dict[str, Any]) -> None:
        """Not the valid keys beside the bad one, and not the turn that is open."""
        driver, other = spoken(), spoken()
        driver.frames(20)
        other.frames(20)
        turn_detection = {"silence_duration_ms": 0, "create_response": False, **bad}
        session = {"type": "realtime", "instructions": "x", "audio": {"input": {"turn_detection": turn_detection}}}
        (error,) = driver.send("session.update", session=session, event_id="u")
        assert isinstance(error, server.ErrorEvent)
        assert error.error.event_id == "u"
        assert driver.session.config == other.session.config
        turns = [[o for o in each.frames(40) if getattr(o, "type", "")[:5] == "input"] for each in (driver, other)]
        assert [wire(event) | {"event_id": ""} for event in turns[0]] == [
            wire(event) | {"event_id": ""} for event in turns[1]
        ]

    def test_audio_that_is_no_base64_is_refused(self) -> None:
        driver = Driver()
        assert errors(driver.send("input_audio_buffer.append", audio="?")) == [("invalid_value", "audio")]
        assert driver.session.input_ms == 0


def test_begin_and_end() -> None:
    driver = spoken()
    assert kinds(driver.outputs) == ["session.created", "conversation.created"]
    (notify,) = driver.of(Notify)
    driver.frames(60)
    driver.frames(0)
    (stream,) = streams(driver.outputs)
    cancelled = [ask.ask_id for ask in driver.session.end() if isinstance(ask, Cancel)]
    assert sorted(cancelled) == sorted({notify.ask_id, stream}), "each open ask once"


def test_the_end_in_the_middle_of_speech_cancels_each_ask_once() -> None:
    driver = spoken()
    driver.frames(20)
    driver.answer(streams(driver.outputs)[0], Partial("so", ""))
    outputs = driver.session.end()
    assert sorted(ask.ask_id for ask in outputs if isinstance(ask, Cancel)) == ["ask_1", "ask_2"]


def test_sessions_of_one_process_have_ids_of_their_own() -> None:
    driver = Driver(configuration=config(None), ids=Ids("b"), session_id="sess_b")
    driver.event(plain("conversation.item.create", item=TEXT))
    assert driver.of(server.ItemAdded)[0].item.id == "item_b_1"
    assert driver.of(server.SessionCreated)[0].session.id == "sess_b"


def test_what_was_no_event_is_refused_with_an_id_of_ours() -> None:
    driver = Driver()
    error = server.ErrorEvent(error=ErrorDetail(code="invalid_json", message="no JSON"))
    assert driver.session.refuse(error) == [error.model_copy(update={"event_id": "event_3"})]


def test_answers_to_unknown_asks_are_dropped() -> None:
    driver = Driver()
    assert driver.answer("ask_99", Final("x")) == []
