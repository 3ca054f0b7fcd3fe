"""The flat wires of OpenAI's beta and of Qwen over a whole session: sequences and shapes, name by name."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fakes import FRAME_BYTES, Driver, Models, ScriptedDetector
from sdk_types_flat import check_beta, check_qwen

from tui_assistant.engine.ports import Failed, Transcribe
from tui_assistant.errors import RemoteProtocolError
from tui_assistant.protocol.codec import encode_audio
from tui_assistant.protocol.dialects.flat import Flat
from tui_assistant.protocol.dialects.quirks import BETA, QWEN, FlatQuirks
from tui_assistant.protocol.items import ErrorDetail
from tui_assistant.protocol.server import ErrorEvent

ASSISTANT_SPEAKS = [
    "response.output_item.added",
    "conversation.item.created",
    "response.content_part.added",
    "response.audio_transcript.delta",
    "response.audio.delta",
]


class Client:
    """A client of a flat dialect before an engine whose models answer at once."""

    def __init__(self, quirks: FlatQuirks, detector: ScriptedDetector | None = None, **models: Any) -> None:
        self.dialect = Flat(quirks)
        self.driver = Driver(detector or ScriptedDetector(), self.dialect.config, Models(**models))
        self.seen: list[dict[str, Any]] = []
        self.passed = 0
        self._hear()

    def send(self, kind: str, **fields: Any) -> list[dict[str, Any]]:
        self.driver.event(self.dialect.decode(json.dumps({"type": kind, "event_id": "c1", **fields})))
        return self._hear()

    def append(self, frames: int) -> None:
        rate = self.dialect.config.audio.input.format.rate  # type: ignore[union-attr]
        for _ in range(frames):
            self.send("input_audio_buffer.append", audio=encode_audio(bytes(FRAME_BYTES * rate // 16_000)))

    def settle(self) -> list[dict[str, Any]]:
        self.driver.settle()
        return self._hear()

    def _hear(self) -> list[dict[str, Any]]:
        events = self.driver.events[self.passed :]
        self.passed += len(events)
        new = [json.loads(text) for event in events for text in self.dialect.encode(event)]
        self.seen += new
        return new


def once(events: list[dict[str, Any]]) -> list[str]:
    """The types, repetitions of one (deltas) written once."""
    names = [event["type"] for event in events]
    return [name for before, name in zip([None, *names], names, strict=False) if name != before]


def hands_free(quirks: FlatQuirks, **update: Any) -> list[dict[str, Any]]:
    """One spoken turn and its answer."""
    client = Client(quirks, ScriptedDetector([0.0] * 10 + [0.9] * 20), words=["what time is it"], reply=["It is noon."])
    client.send("session.update", session={"input_audio_transcription": {"model": None}, **update})
    client.append(70)
    client.settle()
    return client.seen


def by_hand(quirks: FlatQuirks, **update: Any) -> list[dict[str, Any]]:
    client = Client(quirks, words=["what time is it"], reply=["It is noon."])
    client.send("session.update", session={"turn_detection": None, **update})
    client.append(20)
    client.send("input_audio_buffer.commit")
    client.send("response.create", response={"instructions": None})
    client.settle()
    return client.seen


def test_the_order_of_a_turn_in_vad_mode_on_qwens_wire() -> None:
    names = once(hands_free(QWEN))
    names.remove("conversation.item.input_audio_transcription.completed")  # which floats
    assert names == [
        "session.created",
        "session.updated",
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.created",
        "response.created",
        *ASSISTANT_SPEAKS,
        "response.audio_transcript.done",
        "response.audio.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]


def test_the_order_of_a_turn_in_manual_mode_on_qwens_wire() -> None:
    names = once(by_hand(QWEN))
    names.remove("conversation.item.input_audio_transcription.completed")
    assert names == [
        "session.created",
        "session.updated",
        "input_audio_buffer.committed",
        "conversation.item.created",
        "response.created",
        *ASSISTANT_SPEAKS,
        "response.audio_transcript.done",
        "response.audio.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]


def test_the_order_on_betas_wire() -> None:
    assert once(hands_free(BETA, input_audio_transcription=None)) == [
        "session.created",
        "conversation.created",
        "session.updated",
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.created",
        "response.created",
        *ASSISTANT_SPEAKS,
        "response.audio.done",
        "response.audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]


def test_text_answers() -> None:
    for quirks in (BETA, QWEN):
        seen = by_hand(quirks, modalities=["text"])
        names = [event["type"] for event in seen]
        assert "response.text.delta" in names
        assert "response.text.done" in names
        assert not [name for name in names if name.startswith("response.audio") or "output_text" in name]
        assert seen[-1]["response"]["modalities"] == ["text"]
        assert seen[-1]["response"]["output"][0]["content"] == [{"type": "text", "text": "It is noon."}]


@pytest.mark.parametrize("turn", [hands_free, by_hand])
def test_every_event_of_the_beta_wire_is_the_openai_packages(turn: Any) -> None:
    for event in turn(BETA) + turn(BETA, modalities=["text"]):
        check_beta(event)


@pytest.mark.parametrize("turn", [hands_free, by_hand])
def test_every_event_of_qwens_wire_is_betas_with_what_qwen_adds(turn: Any) -> None:
    for event in turn(QWEN) + turn(QWEN, modalities=["text"]):
        check_qwen(event)


def test_what_qwen_says_more() -> None:
    seen = {event["type"]: event for event in by_hand(QWEN)}
    done = seen["response.done"]["response"]
    assert done["usage"]["input_tokens_details"] == done["usage"]["input_token_details"]
    assert done["output_audio_format"] == "pcm"
    assert done["voice"] == "default"
    (part,) = done["output"][0]["content"]
    assert (part["type"], part["text"], part["transcript"]) == ("audio", "It is noon.", "It is noon.")
    assert seen["response.content_part.done"]["part"]["text"] == "It is noon."
    assert "previous_item_id" not in seen["input_audio_buffer.committed"]
    assert "previous_item_id" not in seen["conversation.item.created"]


def test_the_end_of_a_session_waits_for_the_answer() -> None:
    client = Client(QWEN)
    assert [event["type"] for event in client.send("session.finish")] == ["session.finished"]
    client.send("session.update", session={"turn_detection": None})
    client.append(20)
    client.send("input_audio_buffer.commit")
    client.send("response.create")
    assert client.send("session.finish") == []
    names = [event["type"] for event in client.settle()]
    assert names[-2:] == ["response.done", "session.finished"]
    assert "session.updated" not in names


def test_the_end_of_a_session_waits_for_the_words() -> None:
    """Also without an answer: "session.finish -> (completed) -> session.finished"."""
    client = Client(QWEN)
    client.send("session.update", session={"turn_detection": None})
    for end in (client.settle, lambda: client.send("conversation.item.delete", item_id="item_2")):
        client.append(20)
        client.send("input_audio_buffer.commit")
        assert client.send("session.finish") == []
        assert once(end())[-1] == "session.finished"
    client.append(20)
    client.driver.answer(client.driver.of(Transcribe)[-1], Failed("worker", "x"))
    client.send("input_audio_buffer.commit")
    assert once(client.send("session.finish"))[-1] == "session.finished", "no words will come"
    client.append(20)
    client.send("input_audio_buffer.commit")
    client.send("session.update", session={"input_audio_transcription": None})
    assert once(client.send("session.finish")) == ["session.finished"], "none are wanted"


def test_a_transcription_session_stays_one_and_ends() -> None:
    """Updates of these dialects do not say the type, and one that says nothing of it keeps it."""
    client = Client(QWEN)
    client.send("session.update", session={"type": "transcription"})
    client.append(20)
    (event,) = client.send("session.update", session={"type": None, "turn_detection": None})
    assert event["session"]["object"] == "realtime.transcription_session"
    client.send("input_audio_buffer.commit")
    assert client.settle()[-1]["type"] == "conversation.item.input_audio_transcription.completed"
    assert [event["type"] for event in client.send("session.finish")] == ["session.finished"]


def test_an_error_names_what_the_client_has_sent() -> None:
    """Also where that is GA's name: it must not be told that the right one is unknown."""
    client = Client(QWEN)
    for kind, root, name in (
        ("session.update", "session", "output_modalities"),
        ("response.create", "response", "max_output_tokens"),
    ):
        with pytest.raises(RemoteProtocolError) as refused:
            client.send(kind, **{root: {name: 1}})
        detail = ErrorDetail(code=refused.value.code, message=refused.value.message, param=refused.value.param)
        (text,) = client.dialect.encode(ErrorEvent(error=detail))
        error = json.loads(text)["error"]
        assert (error["param"], error["message"]) == (f"{root}.{name}", f"Unknown parameter: '{root}.{name}'.")
    client.send("session.update", session={"type": "transcription"})
    (event,) = client.send("session.update", session={"modalities": ["text"]})
    assert event["error"]["param"] == "session.modalities", "ours is translated"


def test_errors_speak_the_flat_language() -> None:
    client = Client(QWEN)
    (event,) = client.send("session.update", session={"turn_detection": {"silence_duration_ms": 99_999}})
    assert event["error"]["param"] == "session.turn_detection.silence_duration_ms"
    assert event["error"]["event_id"] == "c1"
    assert "audio.input" not in event["error"]["message"]
    (event,) = client.send("response.cancel")
    assert event["error"]["message"] == "Conversation has none active response"
    assert event["error"]["code"] == "response_cancel_not_active"
