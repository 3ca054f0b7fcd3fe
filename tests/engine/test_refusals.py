"""Items and updates that a session does not take."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from fakes import Driver, Models, ScriptedDetector, config, errors, kinds

from tui_assistant.engine.ports import Final, Partial, Respond, Transcribe
from tui_assistant.protocol import server
from tui_assistant.protocol.session import ServerVad, Transcription

SOUND = base64.b64encode(bytes(64)).decode()


def message(role: str, kind: str, **part: Any) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": [{"type": kind, **part}]}


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


def test_fields_of_a_response_without_effect() -> None:
    driver = Driver(configuration=config(None))
    options = {"input": [], "parallel_tool_calls": True, "prompt": {"id": "p"}, "reasoning": {"effort": "low"}}
    assert kinds(driver.send("response.create", response=options)) == ["response.created"]
    assert len(driver.of(Respond)) == 1
