"""Our client's side of the wires: against our own server's side, and against what servers of others send."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fakes import FRAME_BYTES, Driver, Models, ScriptedDetector, plain
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_assistant.errors import RemoteProtocolError
from tui_assistant.protocol import server
from tui_assistant.protocol.codec import encode_audio
from tui_assistant.protocol.dialects.base import Dialect
from tui_assistant.protocol.dialects.flat import Flat
from tui_assistant.protocol.dialects.ga import Ga
from tui_assistant.protocol.dialects.quirks import BETA, QWEN
from tui_assistant.protocol.dialects.remote import RemoteDialect, RemoteFlat, RemoteGa, RemoteQuirks
from tui_assistant.protocol.server import ServerEvent
from tui_assistant.protocol.session import SemanticVad, ServerVad

SPEECH = [0.0] * 10 + [0.9] * 20
WIRES = {
    "ga": lambda: (Ga(), RemoteGa()),
    "beta": lambda: (Flat(BETA), RemoteFlat(BETA)),
    "qwen": lambda: (Flat(QWEN), RemoteFlat(QWEN)),
}
# What a wire leaves out, or has in another shape, and no client of ours needs.
UNSAID = {"event_id", "reason", "at_ms", "usage", "session", "response", "previous_item_id", "conversation"}


class Wire:
    """A client of ours, both translators, and an engine whose models answer at once."""

    def __init__(self, ours: Dialect, theirs: RemoteDialect, **models: Any) -> None:
        self.ours, self.theirs = ours, theirs
        self.driver = Driver(ScriptedDetector(SPEECH), ours.config, Models(**models))
        self.frames: list[str] = []
        self.read: list[ServerEvent] = []
        self.passed = 0

    def send(self, kind: str, **fields: Any) -> None:
        frame = self.theirs.encode(plain(kind, **fields))
        assert frame is not None
        self.driver.event(self.ours.decode(frame))
        self.hear()

    def hear(self) -> None:
        events, self.passed = self.driver.events[self.passed :], len(self.driver.events)
        self.frames += [text for event in events for text in self.ours.encode(event)]
        self.read = [event for text in self.frames for event in self.theirs.decode(text)]

    def speak(self, frames: int) -> None:
        rate = self.ours.config.audio.input.format.rate  # type: ignore[union-attr]
        for _ in range(frames):
            self.send("input_audio_buffer.append", audio=encode_audio(bytes(FRAME_BYTES * rate // 16_000)))
        self.driver.settle()
        self.hear()


def essence(event: ServerEvent) -> dict[str, Any]:
    data = {key: value for key, value in event.model_dump(mode="json").items() if key not in UNSAID}
    if "part" in data:
        data["part"] = data["part"]["transcript"]
    if "item" in data:  # a text of spoken words stands in some flat items too
        data["item"] = {key: data["item"].get(key) for key in ("id", "type", "role", "name", "call_id")}
    return data


@pytest.mark.parametrize("name", WIRES)
def test_a_spoken_turn_is_read_as_it_was_meant(name: str) -> None:
    wire = Wire(*WIRES[name](), words=["what time is it"], reply=["It is noon."])
    rules = {"type": "server_vad", "threshold": 0.4, "silence_duration_ms": 640}
    wire.send("session.update", session={"type": "realtime", "audio": {"input": {"turn_detection": rules}}})
    wire.speak(70)
    flat = name != "ga"
    meant = [
        essence(event)
        for event in wire.driver.events
        if not (flat and event.type in ("conversation.item.done", "conversation.created"))
    ]
    read = [essence(event) for event in wire.read if not (flat and event.type == "conversation.created")]
    if name == "ga":  # revised words do not stand on this wire
        for event in (*meant, *read):
            event.pop("stash", None), event.pop("text", None)
    if name == "qwen":  # there the words of an answer end before its sound
        meant, read = (sorted(events, key=lambda each: json.dumps(each, sort_keys=True)) for events in (meant, read))
    assert read == meant
    updated = next(event for event in wire.read if isinstance(event, server.SessionUpdated))
    heard = updated.session.audio.input.turn_detection
    assert isinstance(heard, ServerVad)
    assert (heard.threshold, heard.silence_duration_ms) == (0.4, 640)
    done = [event for event in wire.read if isinstance(event, server.ResponseDone)]
    assert [event.response.status for event in done] == ["completed"]
    assert done[0].response.usage is not None
    assert done[0].response.output[0].content[0].transcript == "It is noon."  # type: ignore[union-attr]


@pytest.mark.parametrize("name", WIRES)
def test_push_to_talk_and_a_typed_message(name: str) -> None:
    wire = Wire(*WIRES[name](), words=["hello"], reply=["Hello to you."])
    wire.send("session.update", session={"type": "realtime", "audio": {"input": {"turn_detection": None}}})
    updated = wire.read[-1]
    assert isinstance(updated, server.SessionUpdated)
    assert updated.session.audio.input.turn_detection is None
    wire.speak(20)
    wire.send("input_audio_buffer.commit")
    wire.send("response.create", response=None)
    text = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "and you?"}]}
    wire.driver.settle()
    wire.hear()
    wire.send("conversation.item.create", item=text)
    wire.send("response.create")
    wire.driver.settle()
    wire.hear()
    assert not [event for event in wire.read if isinstance(event, server.ErrorEvent)], wire.frames
    added = [event.item for event in wire.read if isinstance(event, server.ItemAdded)]
    assert [getattr(item, "role", None) for item in added] == ["user", "assistant", "user", "assistant"]


def test_semantic_vad_goes_through() -> None:
    wire = Wire(*WIRES["ga"]())
    rules = {"type": "semantic_vad", "eagerness": "low"}
    wire.send("session.update", session={"type": "realtime", "audio": {"input": {"turn_detection": rules}}})
    assert wire.read[-1].session.audio.input.turn_detection == SemanticVad(eagerness="low")  # type: ignore[union-attr]


def sent(dialect: RemoteDialect, kind: str, **fields: Any) -> dict[str, Any] | None:
    frame = dialect.encode(plain(kind, **fields))
    return None if frame is None else json.loads(frame)


class TestToTheServer:
    def test_what_a_server_does_not_know_is_not_sent(self) -> None:
        quirks = RemoteQuirks(
            unknown=frozenset({"conversation.item.truncate"}),
            rule_keys={"server_vad": frozenset({"threshold", "silence_duration_ms"})},
            silence_ms=(200, 6_000),
        )
        dialect = RemoteFlat(QWEN, quirks)
        assert sent(dialect, "conversation.item.truncate", item_id="i", content_index=0, audio_end_ms=10) is None
        rules = ServerVad(silence_duration_ms=100, threshold=0.3).model_dump()
        audio = {"input": {"turn_detection": rules, "transcription": {}}}
        assert sent(dialect, "session.update", session={"type": "realtime", "audio": audio}) == {
            "type": "session.update",
            "session": {"turn_detection": {"type": "server_vad", "threshold": 0.3, "silence_duration_ms": 200}},
        }

    @pytest.mark.parametrize("dialect", [RemoteGa, lambda quirks: RemoteFlat(BETA, quirks)])
    def test_the_model_that_writes_down_is_named_where_it_has_to_be(self, dialect: Any) -> None:
        audio = {"input": {"transcription": {}}}
        frame = sent(
            dialect(RemoteQuirks(transcription="whisper-1")),
            "session.update",
            session={"type": "realtime", "audio": audio},
        )
        assert frame is not None
        session = frame["session"]
        words = session.get("input_audio_transcription") or session["audio"]["input"]["transcription"]
        assert words == {"model": "whisper-1"}

    def test_nulls_are_left_out_except_where_they_mean_something(self) -> None:
        assert sent(RemoteGa(), "response.create") == {"type": "response.create"}
        assert sent(RemoteGa(), "response.cancel") == {"type": "response.cancel"}
        audio = {"input": {"turn_detection": None}}
        assert sent(RemoteGa(), "session.update", session={"type": "realtime", "audio": audio}) == {
            "type": "session.update",
            "session": {"type": "realtime", "audio": {"input": {"turn_detection": None}}},
        }


def read(dialect: RemoteDialect, **data: Any) -> ServerEvent:
    (event,) = dialect.decode(json.dumps(data))
    return event


class TestFromTheServer:
    def test_unknown_events_are_nothing(self) -> None:
        for kind in ("rate_limits.updated", "ping", "response.thinking.delta", "session.finished", "heartbeat"):
            assert RemoteGa().decode(json.dumps({"type": kind, "event_id": "e"})) == []
        assert RemoteGa().decode("{}") == []

    @pytest.mark.parametrize("text", ["", "[]", "null", "{", b"\xff\xfe", "3"])
    def test_what_is_no_object_is_refused(self, text: Any) -> None:
        with pytest.raises(RemoteProtocolError):
            RemoteGa().decode(text)

    def test_a_session_with_keys_and_values_beyond_ours(self) -> None:
        session = {
            "id": "sess_1",
            "object": "realtime.session",
            "model": "qwen3.5-omni-flash-realtime",
            "modalities": ["text", "audio"],
            "voice": "Tina",
            "input_audio_format": "opus",
            "tool_choice": {"type": "mcp"},
            "turn_detection": {"type": "server_vad", "threshold": -0.4, "silence_duration_ms": 60_000, "x": 1},
            "max_response_output_token": "inf",
        }
        event = read(RemoteFlat(QWEN), type="session.created", session=session)
        assert isinstance(event, server.SessionCreated)
        assert (event.session.id, event.session.audio.output.voice) == ("sess_1", "Tina")
        rules = event.session.audio.input.turn_detection
        assert isinstance(rules, ServerVad)
        assert (rules.threshold, rules.silence_duration_ms) == (0.0, 10_000)

    def test_an_update_that_is_answered_in_part_changes_only_that_part(self) -> None:
        dialect = RemoteFlat(BETA)
        read(dialect, type="session.created", session={"id": "s", "voice": "alloy", "turn_detection": None})
        event = read(dialect, type="session.updated", session={"turn_detection": {"type": "server_vad"}})
        assert isinstance(event, server.SessionUpdated)
        assert event.session.audio.output.voice == "alloy"
        assert event.session.audio.input.turn_detection == ServerVad(silence_duration_ms=500)

    def test_a_kind_of_turn_detection_that_only_they_have_is_shown_as_none(self) -> None:
        event = read(
            RemoteGa(), type="session.updated", session={"audio": {"input": {"turn_detection": {"type": "x"}}}}
        )
        assert event.session.audio.input.turn_detection is None  # type: ignore[union-attr]

    def test_an_error_with_empty_fields(self) -> None:
        event = read(RemoteFlat(QWEN), type="error", error={"type": "", "code": "", "message": "Voice x", "param": ""})
        assert isinstance(event, server.ErrorEvent)
        assert (event.error.code, event.error.message, event.error.param) == (None, "Voice x", None)

    @pytest.mark.parametrize("error", [None, "no quota", [], 3])
    def test_an_error_of_another_shape(self, error: Any) -> None:
        event = read(RemoteGa(), type="error", error=error)
        assert isinstance(event, server.ErrorEvent)

    def test_cumulative_partials(self) -> None:
        kind = "conversation.item.input_audio_transcription.text"
        event = read(RemoteFlat(QWEN), type=kind, item_id="i", text="what time", stash=" is", language="en")
        assert isinstance(event, server.TranscriptionDelta)
        assert (event.text, event.stash) == ("what time", " is")

    def test_words_billed_in_tokens(self) -> None:
        kind = "conversation.item.input_audio_transcription.completed"
        usage = {"type": "tokens", "total_tokens": 3}
        event = read(RemoteGa(), type=kind, item_id="i", content_index=0, transcript="hi", usage=usage)
        assert isinstance(event, server.TranscriptionCompleted)
        assert event.transcript == "hi"

    def test_items_of_kinds_that_we_do_not_have(self) -> None:
        output = [
            {"type": "mcp_call", "id": "m"},
            {"id": "a", "type": "message", "role": "assistant", "content": [{"type": "audio", "text": "Noon."}]},
        ]
        data = {"id": "r", "status": "strange", "output": output, "usage": {"total_tokens": 5, "input_tokens": 2}}
        event = read(RemoteFlat(QWEN), type="response.done", response=data)
        assert isinstance(event, server.ResponseDone)
        assert [item.id for item in event.response.output] == ["a"]
        assert event.response.output[0].content[0].transcript == "Noon."  # type: ignore[union-attr]
        assert event.response.usage is not None
        assert event.response.usage.total_tokens == 5

    def test_the_users_speech_called_the_assistants(self) -> None:
        item = {"id": "u", "type": "message", "role": "assistant", "content": [{"type": "input_audio"}]}
        event = read(RemoteFlat(QWEN), type="conversation.item.created", item=item)
        assert event.item.role == "user"  # type: ignore[union-attr]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10**6) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(data=st.data(), name=st.sampled_from(sorted(WIRES)))
@settings(max_examples=150, deadline=None)
def test_no_frame_however_wrong_breaks_the_client(data: st.DataObject, name: str) -> None:
    """One value of a real event is replaced by any other: an event comes of it, or nothing."""
    wire = Wire(*WIRES[name](), words=["a"], reply=["B."])
    wire.speak(60)
    frame = json.loads(data.draw(st.sampled_from(wire.frames)))
    at: Any = frame
    while True:
        key = data.draw(st.sampled_from(sorted(at))) if isinstance(at, dict) else data.draw(st.integers(0, len(at) - 1))
        if isinstance(at[key], dict | list) and at[key] and data.draw(st.booleans()):
            at = at[key]
            continue
        at[key] = data.draw(JSON)
        break
    for event in wire.theirs.decode(json.dumps(frame)):
        assert event.type


def test_content_without_a_kind_is_left_out() -> None:
    wire = Wire(*WIRES["beta"](), words=["a"], reply=["B."])
    item = {"id": "item_2", "type": "message", "role": "assistant", "content": [{}, {"type": ["x"]}]}
    frame = {"type": "response.output_item.added", "event_id": "e", "response_id": "r", "output_index": 0, "item": item}
    (event,) = wire.theirs.decode(json.dumps(frame))
    assert isinstance(event, server.OutputItemAdded)
    assert event.item.id == "item_2"
    assert getattr(event.item, "content", None) == ()
