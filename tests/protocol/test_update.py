"""session.update: merged key by key, refused whole."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_assistant.errors import RemoteProtocolError
from tui_assistant.protocol.session import (
    Audio,
    AudioInput,
    AudioOutput,
    PcmFormat,
    PcmuFormat,
    SemanticVad,
    ServerVad,
    SessionConfig,
    Transcription,
)
from tui_assistant.protocol.update import apply_update

TUNED = ServerVad(threshold=0.7, prefix_padding_ms=100, silence_duration_ms=900, create_response=False)
LOW = SemanticVad(eagerness="low", interrupt_response=False)
VAD = "session.audio.input.turn_detection"


def with_vad(turn_detection: Any) -> SessionConfig:
    return SessionConfig(audio=Audio(input=AudioInput(turn_detection=turn_detection)))


def update(config: SessionConfig, **session: Any) -> SessionConfig:
    return apply_update(config, {"type": "realtime", **session})


def update_vad(old: Any, patch: Any) -> Any:
    return update(with_vad(old), audio={"input": {"turn_detection": patch}}).audio.input.turn_detection


def refused(session: Any, config: SessionConfig | None = None) -> tuple[str | None, str | None]:
    with pytest.raises(RemoteProtocolError) as caught:
        update(config or SessionConfig(), **session)
    assert "\n" not in caught.value.message
    return caught.value.code, caught.value.param


@pytest.mark.parametrize(
    ("old", "patch", "new"),
    [
        # merged key by key; absent keys stay
        (TUNED, {}, TUNED),
        (TUNED, {"type": "server_vad"}, TUNED),
        (TUNED, {"threshold": 0.2}, TUNED.model_copy(update={"threshold": 0.2})),
        (TUNED, {"idle_timeout_ms": 5_000}, TUNED.model_copy(update={"idle_timeout_ms": 5_000})),
        (TUNED.model_copy(update={"idle_timeout_ms": 5_000}), {"idle_timeout_ms": None}, TUNED),
        (LOW, {"create_response": False}, LOW.model_copy(update={"create_response": False})),
        # null and "none" mean manual
        (TUNED, None, None),
        (TUNED, "none", None),
        (TUNED, {"type": "none"}, None),
        (LOW, None, None),
        (None, None, None),
        # a bare string is a type
        (TUNED, "server_vad", TUNED),
        (TUNED, "semantic_vad", SemanticVad()),
        (None, "server_vad", ServerVad()),
        # another type, or one after null, starts from its defaults
        (TUNED, {"type": "semantic_vad"}, SemanticVad()),
        (TUNED, {"type": "semantic_vad", "eagerness": "high"}, SemanticVad(eagerness="high")),
        (LOW, {"type": "server_vad", "threshold": 0.1}, ServerVad(threshold=0.1)),
        (None, {"type": "server_vad", "silence_duration_ms": 1}, ServerVad(silence_duration_ms=1)),
        (None, {"threshold": 0.1}, ServerVad(threshold=0.1)),
        (None, {}, ServerVad()),
        # keys of the other type are ignored, whatever they hold
        (LOW, {"threshold": 0.9, "prefix_padding_ms": "x"}, LOW),
        (TUNED, {"eagerness": "high"}, TUNED),
        (TUNED, {"type": "semantic_vad", "threshold": 7, "silence_duration_ms": 800}, SemanticVad()),
        # the borders
        (TUNED, {"threshold": 0}, TUNED.model_copy(update={"threshold": 0.0})),
        (TUNED, {"threshold": 1}, TUNED.model_copy(update={"threshold": 1.0})),
        (TUNED, {"prefix_padding_ms": 0}, TUNED.model_copy(update={"prefix_padding_ms": 0})),
        (TUNED, {"prefix_padding_ms": 5_000}, TUNED.model_copy(update={"prefix_padding_ms": 5_000})),
        (TUNED, {"silence_duration_ms": 0}, TUNED.model_copy(update={"silence_duration_ms": 0})),
        (TUNED, {"silence_duration_ms": 10_000}, TUNED.model_copy(update={"silence_duration_ms": 10_000})),
        (TUNED, {"idle_timeout_ms": 30_000}, TUNED.model_copy(update={"idle_timeout_ms": 30_000})),
    ],
)
def test_turn_detection_is_merged(old: Any, patch: Any, new: Any) -> None:
    before = copy.deepcopy(patch)
    assert update_vad(old, patch) == new
    assert patch == before, "the client's object is not touched"


@pytest.mark.parametrize(
    ("patch", "code", "param"),
    [
        ({"threshold": 1.01}, "invalid_value", f"{VAD}.threshold"),
        ({"threshold": -0.01}, "invalid_value", f"{VAD}.threshold"),
        ({"threshold": "0.5"}, "invalid_value", f"{VAD}.threshold"),
        ({"threshold": True}, "invalid_value", f"{VAD}.threshold"),
        ({"threshold": None}, "invalid_value", f"{VAD}.threshold"),
        ({"threshold": float("nan")}, "invalid_value", f"{VAD}.threshold"),
        ({"threshold": float("inf")}, "invalid_value", f"{VAD}.threshold"),
        ({"prefix_padding_ms": -1}, "invalid_value", f"{VAD}.prefix_padding_ms"),
        ({"prefix_padding_ms": 5_001}, "invalid_value", f"{VAD}.prefix_padding_ms"),
        ({"silence_duration_ms": 10_001}, "invalid_value", f"{VAD}.silence_duration_ms"),
        ({"silence_duration_ms": 200.5}, "invalid_value", f"{VAD}.silence_duration_ms"),
        ({"idle_timeout_ms": 4_999}, "invalid_value", f"{VAD}.idle_timeout_ms"),
        ({"idle_timeout_ms": 30_001}, "invalid_value", f"{VAD}.idle_timeout_ms"),
        ({"create_response": 1}, "invalid_value", f"{VAD}.create_response"),
        ({"type": "semantic_vad", "eagerness": "eager"}, "invalid_value", f"{VAD}.eagerness"),
        ({"type": "azure_semantic_vad"}, "invalid_value", f"{VAD}.type"),
        ({"type": None}, "invalid_value", f"{VAD}.type"),
        ({"type": []}, "invalid_value", f"{VAD}.type"),
        ({"type": {}}, "invalid_value", f"{VAD}.type"),
        ({"foo": 1}, "unknown_parameter", f"{VAD}.foo"),
        ("loud", "invalid_value", f"{VAD}.type"),
        (5, "invalid_value", VAD),
        ([], "invalid_value", VAD),
        (False, "invalid_value", VAD),
    ],
)
def test_bad_turn_detection_is_refused_by_name(patch: Any, code: str, param: str) -> None:
    for old in (TUNED, None):
        assert refused({"audio": {"input": {"turn_detection": patch}}}, with_vad(old)) == (code, param)


@pytest.mark.parametrize(
    ("session", "code", "param"),
    [
        ({"modalities": ["text"]}, "unknown_parameter", "session.modalities"),
        ({"user": 1}, "unknown_parameter", "session.user"),
        ({"audio": {"mode": {}}}, "unknown_parameter", "session.audio.mode"),
        ({"audio": None}, "invalid_value", "session.audio"),
        ({"audio": {"input": {"format": "pcm16"}}}, "invalid_value", "session.audio.input.format"),
        ({"audio": {"input": {"format": {"type": "wav"}}}}, "invalid_value", "session.audio.input.format.type"),
        ({"audio": {"input": {"format": {"rate": 7_999}}}}, "invalid_value", "session.audio.input.format.rate"),
        ({"audio": {"input": {"format": {"rate": 48_001}}}}, "invalid_value", "session.audio.input.format.rate"),
        (
            {"audio": {"input": {"format": {"type": "audio/pcmu", "rate": 8_000}}}},
            "unknown_parameter",
            "session.audio.input.format.rate",
        ),
        ({"audio": {"output": {"speed": 1.6}}}, "invalid_value", "session.audio.output.speed"),
        ({"audio": {"output": {"voice": None}}}, "invalid_value", "session.audio.output.voice"),
        ({"output_modalities": ["audio", "text"]}, "invalid_value", "session.output_modalities"),
        ({"instructions": None}, "invalid_value", "session.instructions"),
        ({"max_output_tokens": 4_097}, "invalid_value", "session.max_output_tokens"),
        ({"max_output_tokens": 0}, "invalid_value", "session.max_output_tokens"),
        ({"max_output_tokens": "all"}, "invalid_value", "session.max_output_tokens"),
        ({"tool_choice": "all"}, "invalid_value", "session.tool_choice"),
        ({"tool_choice": {"type": "function"}}, "missing_required_parameter", "session.tool_choice.name"),
        ({"tools": [{"type": "mcp"}]}, "invalid_value", "session.tools.0.type"),
        ({"tools": [{"type": "function"}]}, "missing_required_parameter", "session.tools.0.name"),
        ({"type": "translation"}, "invalid_value", "session.type"),
        ({"type": 5}, "invalid_value", "session.type"),
        ({"type": None}, "missing_required_parameter", "session.type"),
    ],
)
def test_other_bad_values_are_refused_by_name(session: Any, code: str, param: str) -> None:
    assert refused(session) == (code, param)


def test_type_is_required() -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        apply_update(SessionConfig(), {"instructions": "x"})
    assert (caught.value.code, caught.value.param) == ("missing_required_parameter", "session.type")


def test_numbers_too_long_for_json_are_refused() -> None:
    code, param = refused({"max_output_tokens": 10**5_000})
    assert code == "invalid_value"
    assert param is not None
    assert param.startswith("session")


def test_null_and_empty_values_clear() -> None:
    full = update(
        SessionConfig(instructions="x"),
        audio={"input": {"transcription": {"language": "de"}, "noise_reduction": {"type": "near_field"}}},
        tools=[{"type": "function", "name": "f"}],
    )
    assert full.audio.input.transcription == Transcription(language="de")
    empty = update(full, audio={"input": {"transcription": None, "noise_reduction": None}}, tools=[], instructions="")
    assert empty == SessionConfig()


def test_inner_objects_are_merged_and_formats_replaced() -> None:
    audio = AudioInput(format=PcmFormat(rate=16_000), transcription=Transcription(model="m"), turn_detection=TUNED)
    config = SessionConfig(audio=Audio(input=audio, output=AudioOutput(voice="v")))
    new = update(config, audio={"input": {"transcription": {"language": "de"}}, "output": {"speed": 1.5}})
    assert new.audio.input.transcription == Transcription(model="m", language="de")
    assert new.audio.input.turn_detection == TUNED
    assert (new.audio.output.voice, new.audio.output.speed) == ("v", 1.5)
    other = update(config, audio={"input": {"format": {"type": "audio/pcmu"}}})
    assert other.audio.input.format == PcmuFormat()
    back = update(other, audio={"input": {"format": {"type": "audio/pcm"}}})
    assert back.audio.input.format == PcmFormat(), "another type starts from its defaults"


KEYS = sorted({*ServerVad.model_fields, *SemanticVad.model_fields, "foo"})
VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-2, 40_000)
    | st.floats()
    | st.sampled_from(["server_vad", "semantic_vad", "none", "low", "x"])
)


@given(
    old=st.sampled_from([None, TUNED, LOW]),
    patch=VALUES | st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4),
)
@settings(max_examples=300, deadline=None)
def test_any_turn_detection_is_merged_or_refused(old: Any, patch: Any) -> None:
    param = ""
    try:
        new = update_vad(old, patch)
    except RemoteProtocolError as error:
        param = error.param or "nothing"
    if param:
        assert param.startswith(VAD)
        return
    if new is None:
        assert patch is None or patch == "none" or patch.get("type") == "none"
        return
    given_keys = set(patch) if isinstance(patch, dict) else set()
    for name in type(new).model_fields:
        if name in given_keys:
            assert getattr(new, name) == patch[name]
        elif name != "type":
            base = old if type(old) is type(new) else type(new)()
            assert getattr(new, name) == getattr(base, name)
