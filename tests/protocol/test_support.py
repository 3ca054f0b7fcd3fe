"""The table of what works is true: each row against the service's own unions, our codec's, and what an update does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, get_args

import pytest
import sdk_types
from openai.types.realtime import RealtimeClientEvent, RealtimeResponseCreateParams, RealtimeSessionCreateRequest
from pydantic import BaseModel

from tui_assistant.errors import RemoteProtocolError
from tui_assistant.protocol.client import ClientEvent, ResponseCreate
from tui_assistant.protocol.codec import NOT_OFFERED, decode_client
from tui_assistant.protocol.dialects.flat import Flat
from tui_assistant.protocol.dialects.quirks import BETA, QWEN
from tui_assistant.protocol.server import ServerEvent
from tui_assistant.protocol.session import SessionConfig
from tui_assistant.protocol.support import CLIENT_EVENTS, RESPONSE_FIELDS, SERVER_EVENTS, SESSION_FIELDS, Reach, Row
from tui_assistant.protocol.update import READ_ONLY, apply_update

VAD = "audio.input.turn_detection"
# A value other than the default for every field of the table.
SAMPLES: dict[str, Any] = {
    "type": "realtime",
    "id": "sess_x",
    "object": "realtime.session",
    "expires_at": 5,
    "model": "another",
    "instructions": "Be brief.",
    "output_modalities": ["text"],
    "max_output_tokens": 7,
    "audio.input.transcription": {},
    "audio.input.transcription.language": "de",
    "audio.input.transcription.model": "m",
    "audio.input.transcription.prompt": "names",
    VAD: None,
    f"{VAD}.type": "semantic_vad",
    f"{VAD}.threshold": 0.7,
    f"{VAD}.prefix_padding_ms": 1,
    f"{VAD}.silence_duration_ms": 2,
    f"{VAD}.hysteresis": 0.2,
    f"{VAD}.min_speech_ms": 96,
    f"{VAD}.idle_timeout_ms": 6_000,
    f"{VAD}.eagerness": "low",
    f"{VAD}.create_response": False,
    f"{VAD}.interrupt_response": False,
    "audio.input.format": {"type": "audio/pcmu"},
    "audio.output.format": {"type": "audio/pcma"},
    "audio.output.voice": "other",
    "audio.output.speed": 1.25,
    "tools": [{"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}}],
    "tool_choice": {"type": "function", "name": "f"},
    "parallel_tool_calls": False,
    "audio.input.noise_reduction": {"type": "far_field"},
    "include": ["item.input_audio_transcription.logprobs"],
    "prompt": {"id": "pmpt_1"},
    "reasoning": {"effort": "low"},
    "tracing": {"workflow_name": "w"},
    "truncation": {"type": "retention_ratio", "retention_ratio": 0.5},
}
RESPONSE_SAMPLES: dict[str, Any] = {
    "instructions": "Be brief.",
    "output_modalities": ["text"],
    "max_output_tokens": 7,
    "metadata": {"a": "b"},
    "conversation": "none",
    "audio": {"output": {"format": {"type": "audio/pcmu"}, "voice": "other"}},
    "tools": [{"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}}],
    "tool_choice": "required",
    "input": [{"type": "item_reference", "id": "item_1"}],
    "parallel_tool_calls": False,
    "prompt": {"id": "pmpt_1"},
    "reasoning": {"effort": "low"},
}


def names(rows: tuple[Row, ...], *reaches: Reach) -> set[str]:
    return {row.name for row in rows if not reaches or row.reach in reaches}


def types_of(union: Any) -> set[str]:
    return {get_args(member.model_fields["type"].annotation)[0] for member in sdk_types.union_members(union)}


def patch(path: str, value: Any) -> dict[str, Any]:
    """A session object with one field set, `type` beside it."""
    for step in reversed(path.split(".")):
        value = {step: value}
    if path.endswith("eagerness"):
        value["audio"]["input"]["turn_detection"]["type"] = "semantic_vad"
    if path.endswith("strength"):
        value["audio"]["input"]["noise_reduction"]["type"] = "near_field"
    return {"type": "realtime", **value}


def found(config: SessionConfig, path: str) -> Any:
    value: Any = config.model_dump(mode="json")
    for step in path.split("."):
        value = value[step]
    return value


@pytest.mark.parametrize("rows", [CLIENT_EVENTS, SERVER_EVENTS, SESSION_FIELDS, RESPONSE_FIELDS], ids=len)
def test_names_are_unique(rows: tuple[Row, ...]) -> None:
    assert len(names(rows)) == len(rows)


def test_every_client_event_of_the_service_has_a_row() -> None:
    assert names(CLIENT_EVENTS) == types_of(RealtimeClientEvent)
    assert names(CLIENT_EVENTS, Reach.WORKS) == types_of(ClientEvent)


@pytest.mark.parametrize("row", [row for row in CLIENT_EVENTS if row.reach is Reach.REFUSED], ids=lambda row: row.name)
def test_refused_client_events_are_named(row: Row) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        decode_client(json.dumps({"type": row.name}))
    assert (caught.value.code, caught.value.param) == ("invalid_value", "type")
    assert row.name in str(caught.value)


@pytest.mark.parametrize("kind", NOT_OFFERED)
@pytest.mark.parametrize("decode", [decode_client, Flat(BETA).decode, Flat(QWEN).decode], ids=["ga", "beta", "qwen"])
def test_pictures_and_the_like_are_refused_by_name_in_each_dialect(
    kind: str, decode: Callable[[str], ClientEvent]
) -> None:
    with pytest.raises(RemoteProtocolError, match=f"^'{re.escape(kind)}' is not supported: ") as caught:
        decode(json.dumps({"type": kind, "image": "AAAA"}))
    assert (caught.value.code, caught.value.param) == ("invalid_value", "type")


def test_every_server_event_of_the_service_has_a_row() -> None:
    assert names(SERVER_EVENTS) == set(sdk_types.classes())
    assert names(SERVER_EVENTS, Reach.WORKS) == types_of(ServerEvent)
    assert names(SERVER_EVENTS, Reach.WORKS, Reach.UNSENT) == names(SERVER_EVENTS)


def test_every_session_field_of_ours_and_of_the_service_has_a_row() -> None:
    listed = names(SESSION_FIELDS)
    inner = {name for name in listed if "." in name}
    ours = set(SessionConfig.model_fields) - {"audio"}
    service = set(RealtimeSessionCreateRequest.model_fields) - {"audio"}
    assert ours | service <= listed
    for path in ("audio.input", "audio.output", VAD, "audio.input.transcription", "audio.input.noise_reduction"):
        assert _declared(path) <= {name.removeprefix(f"{path}.") for name in inner} | {"type"}, path
    assert names(SESSION_FIELDS, Reach.FIXED) == READ_ONLY
    assert set(SAMPLES) == listed - names(SESSION_FIELDS, Reach.REFUSED)


def _declared(path: str) -> set[str]:
    """Field names at `path` of the service's session class, over all members of its unions."""
    classes: list[type[BaseModel]] = [RealtimeSessionCreateRequest]
    for step in path.split("."):
        members = [m for cls in classes if step in cls.model_fields for m in _members(cls, step)]
        classes = [m for m in members if isinstance(m, type) and issubclass(m, BaseModel)]
    assert classes
    return {name for cls in classes for name in cls.model_fields}


def _members(cls: type[BaseModel], field: str) -> list[Any]:
    return sdk_types.union_members(cls.model_fields[field].annotation)


@pytest.mark.parametrize("path", SAMPLES)
def test_accepted_session_fields_are_echoed(path: str) -> None:
    after = apply_update(SessionConfig(), patch(path, SAMPLES[path]))
    if path in READ_ONLY:
        assert after == SessionConfig()
        return
    echoed = found(after, path)
    wanted = SAMPLES[path]
    if isinstance(wanted, dict):
        assert wanted.items() <= echoed.items()
    else:
        assert echoed == wanted
    assert path == "type" or after != SessionConfig()


@pytest.mark.parametrize("path", sorted(names(SESSION_FIELDS, Reach.REFUSED)))
def test_refused_session_fields_are_named(path: str) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        apply_update(SessionConfig(), patch(path, "x"))
    if path == "audio.output.voice.id":
        assert (caught.value.code, caught.value.param) == ("invalid_value", "session.audio.output.voice")
    else:
        assert (caught.value.code, caught.value.param) == ("unknown_parameter", f"session.{path}")


def test_every_response_field_of_the_service_has_a_row() -> None:
    assert names(RESPONSE_FIELDS) == set(RealtimeResponseCreateParams.model_fields)


@pytest.mark.parametrize("row", RESPONSE_FIELDS, ids=lambda row: row.name)
def test_response_fields_do_what_their_row_says(row: Row) -> None:
    text = json.dumps({"type": "response.create", "response": {row.name: RESPONSE_SAMPLES[row.name]}})
    event = decode_client(text)
    assert isinstance(event, ResponseCreate)
    assert event.response is not None
    assert event.response.model_dump(mode="json")[row.name] == RESPONSE_SAMPLES[row.name]
    assert (row.reach is Reach.ACCEPTED) == (row.name in ("parallel_tool_calls", "prompt", "reasoning"))


@pytest.mark.parametrize(
    ("metadata", "param"),
    [
        ({f"k{i}": "v" for i in range(17)}, "response.metadata"),
        ({"k" * 65: "v"}, None),
        ({"k": "v" * 513}, "response.metadata.k"),
    ],
)
def test_metadata_has_limits(metadata: dict[str, str], param: str | None) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        decode_client(json.dumps({"type": "response.create", "response": {"metadata": metadata}}))
    assert caught.value.code == "invalid_value"
    assert param is None or caught.value.param == param


def test_the_largest_metadata_is_taken() -> None:
    metadata = {f"{i:064}": "v" * 512 for i in range(16)}
    event = decode_client(json.dumps({"type": "response.create", "response": {"metadata": metadata}}))
    assert isinstance(event, ResponseCreate)
    assert event.response is not None
    assert event.response.metadata == metadata
