"""JSON to events and back: every refusal has the service's code and names its field, and nothing else is raised."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_assistant.errors import RemoteProtocolError
from tui_assistant.protocol import client, codec, server
from tui_assistant.protocol.dialects.base import Quirks
from tui_assistant.protocol.dialects.ga import Ga
from tui_assistant.protocol.items import InputAudio, UserMessage

COMMIT = "input_audio_buffer.commit"
TEXT = {"type": "input_text", "text": "hi"}
ITEM = {"type": "message", "role": "user", "content": [TEXT]}


def refused(text: str | bytes) -> tuple[str | None, str | None]:
    with pytest.raises(RemoteProtocolError) as caught:
        codec.decode_client(text)
    assert caught.value.message
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 300, "the peer's own text is not echoed at length"
    return caught.value.code, caught.value.param


def event(kind: str, **fields: Any) -> str:
    return json.dumps({"type": kind, **fields})


VALID: list[tuple[str, client.ClientEvent]] = [
    (event("session.update", session={"type": "realtime"}), client.SessionUpdate(session={"type": "realtime"})),
    (event("input_audio_buffer.append", audio="AAAA"), client.InputAudioBufferAppend(audio="AAAA")),
    (event(COMMIT, event_id="e"), client.InputAudioBufferCommit(event_id="e")),
    (event("input_audio_buffer.clear"), client.InputAudioBufferClear()),
    (event("response.create"), client.ResponseCreate()),
    (event("response.cancel", response_id="r"), client.ResponseCancel(response_id="r")),
    (event("conversation.item.delete", item_id="i"), client.ConversationItemDelete(item_id="i")),
    (event("conversation.item.retrieve", item_id="i"), client.ConversationItemRetrieve(item_id="i")),
    (
        event("conversation.item.truncate", item_id="i", content_index=0, audio_end_ms=5),
        client.ConversationItemTruncate(item_id="i", audio_end_ms=5),
    ),
]


@pytest.mark.parametrize(("text", "expected"), VALID, ids=lambda value: getattr(value, "type", ""))
def test_valid_events_are_read_from_text_and_bytes(text: str, expected: client.ClientEvent) -> None:
    assert codec.decode_client(text) == expected
    assert codec.decode_client(text.encode()) == expected
    assert codec.decode_client(json.dumps(codec.wire(expected))) == expected


REFUSED: list[tuple[str | bytes, str, str | None]] = [
    # No JSON object at all
    ("", "invalid_event", None),
    ("{", "invalid_event", None),
    ("null", "invalid_event", None),
    ("[]", "invalid_event", None),
    ('"text"', "invalid_event", None),
    ("5", "invalid_event", None),
    ("NaN", "invalid_event", None),
    (b"\x00\x01\xfe", "invalid_event", None),
    (b'{"type": "input_audio_buffer.commit\xff"}', "invalid_event", None),
    ('{"type": "input_audio_buffer.commit", "event_id": "\\ud800"}', "invalid_event", None),
    ("[" * 200_000, "invalid_event", None),
    ('{"a":' * 200_000, "invalid_event", None),
    (event("session.update") [:-1] + ', "session": ' + "[" * 100_000 + "]" * 100_000 + "}", "invalid_event", None),
    # The type
    ("{}", "invalid_event", "type"),
    (event("unheard.of"), "invalid_value", "type"),
    ('{"type": null}', "invalid_value", "type"),
    ('{"type": ["input_audio_buffer.commit"]}', "invalid_value", "type"),
    (event("response.cancelled"), "invalid_value", "type"),
    (event("transcription_session.update"), "invalid_value", "type"),
    # Fields that are missing, unknown, or of a wrong type
    (event("session.update"), "missing_required_parameter", "session"),
    (event("session.update", session=5), "invalid_value", "session"),
    (event("input_audio_buffer.append"), "missing_required_parameter", "audio"),
    (event("input_audio_buffer.append", audio=5), "invalid_value", "audio"),
    (event(COMMIT, event_id=5), "invalid_value", "event_id"),
    (event(COMMIT, event_id="x" * 513), "invalid_value", "event_id"),
    (event(COMMIT, foo=1), "unknown_parameter", "foo"),
    (event(COMMIT, user=1), "unknown_parameter", "user"),
    (event(COMMIT, **{"a[b": 1}), "unknown_parameter", "a[b"),
    (event("response.create", response=[]), "invalid_value", "response"),
    (event("response.create", response={"mode": 1}), "unknown_parameter", "response.mode"),
    (event("response.create", response={"max_output_tokens": 0}), "invalid_value", "response.max_output_tokens"),
    (event("response.create", response={"output_modalities": ["text", "audio"]}), "invalid_value",
     "response.output_modalities"),
    (event("conversation.item.create"), "missing_required_parameter", "item"),
    (event("conversation.item.create", item=5), "invalid_value", "item"),
    (event("conversation.item.create", item={"role": "user"}), "missing_required_parameter", "item.type"),
    (event("conversation.item.create", item={"type": "message", "role": "bot"}), "invalid_value", "item.role"),
    (event("conversation.item.create", item={"type": "message", "role": "user"}), "missing_required_parameter",
     "item.content"),
    (event("conversation.item.create", item={**ITEM, "content": [{"type": "input_image"}]}), "invalid_value",
     "item.content.0.type"),
    (event("conversation.item.create", item={**ITEM, "content": [TEXT, {"type": "input_text"}]}),
     "missing_required_parameter", "item.content.1.text"),
    (event("conversation.item.truncate", item_id="i"), "missing_required_parameter", "audio_end_ms"),
    (event("conversation.item.truncate", item_id="i", audio_end_ms=-1), "invalid_value", "audio_end_ms"),
    (event("conversation.item.truncate", item_id="i", audio_end_ms="5"), "invalid_value", "audio_end_ms"),
    (event("conversation.item.truncate", item_id="i", audio_end_ms=True), "invalid_value", "audio_end_ms"),
    # Numbers that JSON does not have
    ('{"type": "session.update", "session": {"x": NaN}}', "invalid_event", "session"),
    ('{"type": "response.create", "response": {"prompt": {"x": [1e999]}}}', "invalid_event", "response"),
    ('{"type": "response.cancel", "x": [%s1]}' % ("1," * 20_001), "invalid_event", None),
    ('{"type": "session.update", "session": {"x": [{"y": -Infinity}]}}', "invalid_event", "session"),
    ('{"type": "session.update", "session": {"x": 1e999}}', "invalid_event", "session"),
    ('{"type": "session.update", "session": {"x": ' + "9" * 6_000 + "}}", "invalid_event", None),
    ('{"type": "conversation.item.truncate", "item_id": "i", "audio_end_ms": NaN}', "invalid_value", "audio_end_ms"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "param"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_is_no_event_is_refused(text: str | bytes, code: str, param: str | None) -> None:
    assert refused(text) == (code, param)
    codec.client_event_id(text)  # which must not fail either


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (event("input_audio_buffer.apend"), "'input_audio_buffer.apend'. There is no such client event."),
        (
            event("response.create", response={"output_modalities": ["text", "audio"]}),
            "Expected: ['audio'] or ['text'].",
        ),
        (event("response.create", response={"audio": None}), "'response.audio': null. Input should be an object."),
    ],
)
def test_a_refusal_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        codec.decode_client(text)
    assert caught.value.message.endswith(message)


def test_the_last_of_two_equal_keys_counts() -> None:
    text = '{"type": "input_audio_buffer.commit", "type": "input_audio_buffer.clear"}'
    assert codec.decode_client(text) == client.InputAudioBufferClear()


@given(st.binary(max_size=60) | st.text(max_size=60))
@settings(max_examples=150, deadline=None)
def test_noise_is_refused_and_nothing_else(noise: bytes | str) -> None:
    code, _ = refused(noise)
    assert code == "invalid_event"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = ["type", "event_id", "session", "audio", "item", "item_id", "response", "content_index", "audio_end_ms", "role"]


@given(
    kind=st.sampled_from([value.type for _, value in VALID] + ["conversation.item.create"]),
    fields=st.dictionaries(st.sampled_from(KEYS[1:]), JSON | st.just(ITEM), max_size=4),
)
@settings(max_examples=400, deadline=None)
def test_any_fields_give_an_event_or_a_refusal(kind: str, fields: dict[str, Any]) -> None:
    text = json.dumps({"type": kind, **fields})
    code = None
    try:
        read = codec.decode_client(text)
    except RemoteProtocolError as error:
        code = error.code
    if code is None:
        assert read.type == kind
        json.dumps(codec.wire(read), allow_nan=False)
    else:
        assert code in {"invalid_event", "invalid_value", "unknown_parameter", "missing_required_parameter"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"type": 5, "event_id": "e1"}', "e1"),
        ('{"event_id": 5}', None),
        ('["event_id"]', None),
        ('{"event_id": "e1"', None),
        (b"\xff", None),
        ("[" * 200_000, None),
    ],
)
def test_event_id_of_a_refused_text(text: str | bytes, expected: str | None) -> None:
    assert codec.client_event_id(text) == expected


def test_audio_survives_base64() -> None:
    assert codec.decode_audio(codec.encode_audio(b"\x01\x02\x03")) == b"\x01\x02\x03"


@pytest.mark.parametrize(
    "audio", ["", "A", "AAA", "AAAA=", "AAAA====", "AA==AA==", "AA AA", "é===", "----", "\u0000AAA"]
)
def test_audio_that_is_no_base64_is_refused(audio: str) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        codec.decode_audio(audio)
    assert (caught.value.code, caught.value.param) == ("invalid_value", "audio")


def test_one_append_is_bounded() -> None:
    most = client.MAX_APPEND_BYTES
    assert len(codec.decode_audio(base64.b64encode(bytes(most)).decode())) == most
    with pytest.raises(RemoteProtocolError, match=str(most)) as caught:
        codec.decode_audio(base64.b64encode(bytes(most + 1)).decode())
    assert (caught.value.code, caught.value.param) == ("invalid_value", "audio")


STOPPED = server.SpeechStopped(event_id="e", item_id="i", audio_end_ms=7, at_ms=7, reason={"rule": "silence"})


def test_reasons_stay_off_the_wire_unless_asked_for() -> None:
    assert codec.wire(STOPPED) == {
        "type": "input_audio_buffer.speech_stopped",
        "event_id": "e",
        "item_id": "i",
        "audio_end_ms": 7,
    }
    explained = codec.wire(STOPPED, explain=True)
    assert (explained["at_ms"], explained["reason"]) == (7, {"rule": "silence"})
    assert codec.decode_server(json.dumps(explained)) == STOPPED


def test_only_firm_words_are_on_the_ga_wire() -> None:
    delta = server.TranscriptionDelta(event_id="e", item_id="i", delta="b", text="a b", stash="c")
    assert "stash" not in codec.wire(delta)
    assert "text" not in codec.wire(delta)
    assert codec.wire(delta, partials=True)["stash"] == "c"
    done = server.OutputTextDone(event_id="e", response_id="r", item_id="i", text="kept")
    assert codec.wire(done)["text"] == "kept"
    only_stash = delta.model_copy(update={"delta": ""})
    assert Ga().encode(only_stash) == [], "it would be a delta of no words"
    (explained,) = Ga(Quirks(explain=True)).encode(only_stash)
    assert json.loads(explained)["stash"] == "c"


def test_server_events_are_read_strictly() -> None:
    item = UserMessage(id="i", status="completed", content=(InputAudio(transcript="hi"),))
    added = server.ItemAdded(event_id="e", item=item, previous_item_id=None)
    assert codec.decode_server(json.dumps(codec.wire(added))) == added
    with pytest.raises(RemoteProtocolError):
        codec.decode_server('{"type": "input_audio_buffer.committed"}')
    with pytest.raises(RemoteProtocolError):
        codec.decode_server('{"type": "unheard.of"}')


def test_an_error_does_not_send_back_what_came() -> None:
    text = json.dumps({"type": "session.update", "event_id": "e", "x" * 9_000: 1, "session": {}})
    with pytest.raises(RemoteProtocolError) as caught:
        codec.decode_client(text)
    assert len(caught.value.message) == len(caught.value.param or "") == 500
    assert codec.client_event_id(text) == "e"


def test_a_frame_of_a_million_values_is_refused_before_it_is_parsed() -> None:
    """Each wrong value would be a problem of its own: these were 2.5 s and 1.2 GiB."""
    text = '{"type": "conversation.item.create", "event_id": "e", "item": [%s1]}' % ("1," * 1_000_000)
    began = time.process_time()
    with pytest.raises(RemoteProtocolError, match="commas"):
        codec.decode_client(text)
    assert codec.client_event_id(text) is None
    assert time.process_time() - began < 0.5
