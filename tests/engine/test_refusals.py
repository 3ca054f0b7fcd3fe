"""Items and updates that a session does not take."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from fakes import Driver, Models, ScriptedDetector, config, errors, kinds

from tui_assistant.engine.answers import MAX_OUTSIDE
from tui_assistant.engine.ports import Final, Partial, Respond, Transcribe
from tui_assistant.protocol import server
from tui_assistant.protocol.session import ServerVad, SessionConfig, Transcription

SOUND = base64.b64encode(bytes(64)).decode()


def message(role: str, kind: str, **part: Any) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": [{"type": kind, **part}]}


TYPED = message("user", "input_text", text="hi")


@pytest.mark.parametrize(
    "item",
    [
        message("assistant", "output_audio", audio=SOUND, transcript="hi"),
        message("user", "input_audio", audio="no base64"),
        message("user", "input_audio", audio=""),
    ],
)
def test_sound_that_cannot_be_put_in(item: dict[str, Any]) -> None:
    driver = Driver(configuration=config(None))
    refused = driver.send("conversation.item.create", item=item)
    assert kinds(refused) == ["error"]
    assert errors(refused) == [("invalid_value", "item.content.0.audio")]


def test_sound_that_can() -> None:
    """Of the assistant the words alone: "it cannot populate assistant audio messages"."""
    driver = Driver(configuration=config(None))
    for item in (message("user", "input_audio", audio=SOUND), message("assistant", "output_audio", transcript="hi")):
        assert kinds(driver.send("conversation.item.create", item=item))[-1] == "conversation.item.done"
    assert driver.of(server.ItemDone)[0].item.content[0].audio is None  # type: ignore[union-attr]
    assert driver.retrieve("item_1").content[0].audio == SOUND


@pytest.mark.parametrize("conversation", ["auto", "none"])
def test_a_session_that_answers_does_not_become_one_of_words_alone(conversation: str) -> None:
    driver = Driver(configuration=config(None), models=Models(reply=()))
    driver.send("response.create", response={"conversation": conversation, "input": []})
    refused = driver.send("session.update", session={"type": "transcription"})
    assert errors(refused) == [("invalid_value", "session.type")]
    assert driver.session.config.type == "realtime"
    driver.settle()
    assert kinds(driver.send("session.update", session={"type": "transcription"})) == ["session.updated"]


def test_late_words_of_a_turn_that_was_cleared_are_dropped() -> None:
    driver = Driver(ScriptedDetector([0.9] * 20), config(ServerVad(), input={"transcription": Transcription()}))
    driver.frames(5)
    (stream,) = driver.of(Transcribe)
    driver.answer(stream, Partial("so"))
    assert [event.delta for event in driver.of(server.TranscriptionDelta)] == ["so"]
    driver.send("input_audio_buffer.clear")
    assert driver.answer(stream, Partial("so far")) == []
    assert driver.answer(stream, Final("so far so good")) == []


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        ("response.cancel", {}, "Cancellation failed: no active response found"),
        ("conversation.item.retrieve", {"item_id": "x"}, "Item with id 'x' not found."),
        ("conversation.item.create", {"item": TYPED | {"id": "item_1"}}, "Item with id 'item_1' already exists."),
        ("conversation.item.create", {"item": TYPED | {"id": "item_2"}}, "Item with id 'item_2' already exists."),
        (
            "conversation.item.create",
            {"item": message("assistant", "output_audio", audio=SOUND)},
            "Assistant messages cannot be created with audio.",
        ),
        (
            "conversation.item.truncate",
            {"item_id": "item_1", "content_index": 0, "audio_end_ms": 1},
            "Only model output audio messages can be truncated.",
        ),
        (
            "conversation.item.truncate",
            {"item_id": "item_1", "content_index": 1, "audio_end_ms": 1},
            "There is only content 0.",
        ),
        (
            "session.update",
            {"session": {"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcmu"}}}}},
            "The input format cannot change after audio was appended.",
        ),
        (
            "session.update",
            {"session": {"type": "transcription"}},
            "The type of a session cannot change after its first audio, item or response.",
        ),
        (
            "input_audio_buffer.commit",
            {},
            "Error committing input audio buffer: buffer too small. "
            "Expected at least 100ms of audio, but buffer only has 64.00ms of audio.",
        ),
    ],
)
def test_what_the_client_is_told(kind: str, fields: dict[str, Any], message: str) -> None:
    driver = Driver(ScriptedDetector([0.9] * 9), config(ServerVad()))
    driver.send("conversation.item.create", item=TYPED)
    driver.frames(2)
    assert [event.item_id for event in driver.of(server.SpeechStarted)] == ["item_2"], "announced"
    (refused,) = driver.send(kind, **fields)
    assert isinstance(refused, server.ErrorEvent)
    assert refused.error.message == message


def test_what_it_is_told_of_answers() -> None:
    driver = Driver(configuration=config(None), models=Models(voice=lambda text: bytes(480)))
    beside = {"conversation": "none", "input": []}
    for _ in range(MAX_OUTSIDE):
        driver.send("response.create", response=beside)
    driver.send("response.create")
    voiced = {"audio": {"output": {"voice": "other"}}}
    told = [driver.send("response.create", response=each) for each in (beside, {})]
    driver.settle()
    told += [driver.send("response.create", response=each) for each in ({"input": [], **voiced},)]
    assert [refused.error.message for (refused,) in told] == [  # type: ignore[union-attr]
        "8 responses outside the conversation are in progress. Wait until one is finished.",
        "Conversation already has an active response in progress: resp_9. "
        "Wait until the response is finished before creating a new one.",
        "Cannot update a conversation's voice if assistant audio is present.",
    ]


def test_words_alone_are_no_answers() -> None:
    driver = Driver(configuration=SessionConfig(type="transcription"))
    (refused,) = driver.send("response.create")
    assert isinstance(refused, server.ErrorEvent)
    assert refused.error.message == "Invalid value for 'type': a transcription session has no 'response.create'."


def test_fields_of_a_response_without_effect() -> None:
    driver = Driver(configuration=config(None))
    options = {"input": [], "parallel_tool_calls": True, "prompt": {"id": "p"}, "reasoning": {"effort": "low"}}
    assert kinds(driver.send("response.create", response=options)) == ["response.created"]
    assert len(driver.of(Respond)) == 1
