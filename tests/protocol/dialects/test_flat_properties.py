"""The flat dialects against everything: every event that the engine may send, everything a client may say."""

from __future__ import annotations

import json
from typing import Any, Literal, get_args, get_origin

import pytest
from fakes import Driver
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_assistant.errors import RemoteProtocolError
from tui_assistant.protocol import server, session
from tui_assistant.protocol.client import ClientEvent
from tui_assistant.protocol.codec import decode_client
from tui_assistant.protocol.dialects.fields import RESPONSE
from tui_assistant.protocol.dialects.flat import Flat
from tui_assistant.protocol.dialects.quirks import BETA, QWEN, FlatQuirks
from tui_assistant.protocol.session import SessionConfig

BOTH = pytest.mark.parametrize("quirks", [BETA, QWEN], ids=["beta", "qwen"])
CLIENT_EVENTS = get_args(get_args(ClientEvent)[0])
SERVER_EVENTS = get_args(get_args(server.ServerEvent)[0])
GA_ONLY = (
    "conversation.item.added",
    "conversation.item.done",
    "output_audio",
    "output_text",
    "output_modalities",
)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-70_000, 70_000)
    | st.floats(allow_nan=False, width=32)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FORMATS = [session.PcmFormat(), session.PcmFormat(rate=8_000), session.PcmuFormat(), session.PcmaFormat()]
VADS = [None, session.ServerVad(), session.ServerVad(idle_timeout_ms=6_000), session.SemanticVad()]
NAMES = st.text("abc_1", min_size=1, max_size=6)


def texts() -> st.SearchStrategy[str]:
    return st.text(max_size=12)


@st.composite
def configs(draw: st.DrawFn) -> SessionConfig:
    wanted = draw(st.sampled_from([None, session.Transcription(), session.Transcription(language="en", prompt="x")]))
    noise = draw(st.sampled_from([None, session.NoiseReduction(type="near_field")]))
    audio = session.Audio(
        input=session.AudioInput(
            format=draw(st.sampled_from(FORMATS)),
            transcription=wanted,
            noise_reduction=noise,
            turn_detection=draw(st.sampled_from(VADS)),
        ),
        output=session.AudioOutput(format=draw(st.sampled_from(FORMATS)), voice=draw(NAMES)),
    )
    tool = session.FunctionTool(name=draw(NAMES), parameters={"type": "object"})
    return SessionConfig(
        audio=audio,
        instructions=draw(texts()),
        output_modalities=draw(st.sampled_from([("audio",), ("text",)])),
        tools=draw(st.sampled_from([(), (tool,)])),
        max_output_tokens=draw(st.sampled_from(["inf", 1, 4_096])),
    )


OURS: dict[Any, st.SearchStrategy[Any]] = {
    session.SessionObject: configs().map(lambda c: session.SessionObject(id="sess_1", **dict(c))),
    session.PcmFormat: st.builds(session.PcmFormat, rate=st.integers(session.MIN_RATE, session.MAX_RATE)),
    Any: JSON,
}


def fill(annotation: Any) -> st.SearchStrategy[Any]:
    """Values for a field of an event."""
    if annotation in OURS:
        return OURS[annotation]
    if isinstance(annotation, type) and issubclass(annotation, session.Data):
        return build(annotation)
    arguments = get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        return fill(arguments[0])
    origin = get_origin(annotation)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return st.lists(fill(arguments[0]), max_size=2).map(tuple)
        return st.tuples(*map(fill, arguments))
    if origin is dict:
        return st.dictionaries(NAMES, fill(arguments[1]), max_size=2)
    if arguments:
        return st.one_of(*map(fill, arguments))
    plain = {
        str: texts(),
        int: st.integers(1, 4_000),
        float: st.floats(0, 9),
        bool: st.booleans(),
        type(None): st.none(),
    }
    return plain[annotation]


def build(kind: type[session.Data]) -> st.SearchStrategy[Any]:
    if kind in OURS:
        return OURS[kind]
    return st.builds(kind, **{name: fill(field.annotation) for name, field in kind.model_fields.items()})


@BOTH
@pytest.mark.parametrize("kind", SERVER_EVENTS, ids=lambda kind: kind.__name__)
@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_every_server_event_translates(quirks: FlatQuirks, kind: Any, data: st.DataObject) -> None:
    event = data.draw(build(kind))
    frames = [json.loads(text) for text in Flat(quirks).encode(event)]
    name = quirks.names.get(event.type, event.type)
    if name is None or name == "response.audio.done":
        assert len(frames) <= 1  # not sent, or kept until the event behind it
        return
    (frame,) = frames
    assert frame["type"] == name
    assert frame["event_id"] == event.event_id
    assert not [word for word in GA_ONLY if word in frame["type"]]
    assert set(keys(frame)).isdisjoint({"output_modalities"})
    for part in parts(frame):
        assert part["type"] not in ("output_text", "output_audio")


def keys(value: Any) -> list[str]:
    """The keys of an event and of its session or response."""
    return [*value, *(key for name in ("session", "response") for key in value.get(name, {}))]


def parts(frame: dict[str, Any]) -> list[dict[str, Any]]:
    found = [frame["item"]] if "item" in frame else frame.get("response", {}).get("output", [])
    return [part for item in found for part in item.get("content", [])]


@BOTH
@settings(max_examples=40, deadline=None)
@given(config=configs())
def test_a_session_that_is_sent_back_changes_nothing(quirks: FlatQuirks, config: SessionConfig) -> None:
    """Clients send what session.created said, with a change or two."""
    config = quirks.config.model_copy(update=dict(config)) if quirks is BETA else without_noise(config)
    driver, dialect = Driver(configuration=config), Flat(quirks)
    (shown,) = dialect.encode(driver.events[0])
    again = dialect.decode(json.dumps({"type": "session.update", "session": json.loads(shown)["session"]}))
    driver.event(again)
    assert driver.session.config == config


def without_noise(config: SessionConfig) -> SessionConfig:
    """Qwen's session knows no noise reduction."""
    audio = config.audio.model_copy(update={"input": config.audio.input.model_copy(update={"noise_reduction": None})})
    return config.model_copy(update={"audio": audio})


KINDS = [kind.model_fields["type"].default for kind in CLIENT_EVENTS]
KINDS += ["session.finish", "input_image_buffer.append", "transcription_session.update", "nonsense"]
FIELDS = sorted(
    {"session", "response", "item", "audio", "item_id", "previous_item_id", "audio_end_ms", "content_index", "event_id"}
)
INSIDE = sorted(
    {f.flat for quirks in (BETA, QWEN) for f in (*quirks.session, *RESPONSE)} | {"temperature", "type", "x"}
)
SHAPES = [
    {"type": "server_vad", "threshold": -0.5},
    {"type": "pcm", "sample_rate": 8_000},
    {"input": {"format": {"type": "pcm"}}},
    ["text", "audio"],
    ["text"],
    [{"type": "function", "function": {"name": "f", "parameters": {}}}],
    {"type": "message", "role": "user", "content": [{"type": "text", "text": "x"}]},
    {"type": "message", "role": "assistant", "content": [{"type": "audio", "text": "x"}]},
    "pcm16",
    "pcm24",
    "none",
    16_384,
]
ANYTHING = JSON | st.sampled_from(SHAPES)
OBJECTS = st.dictionaries(st.sampled_from(INSIDE), ANYTHING, max_size=4)


@BOTH
@settings(max_examples=120, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    fields=st.dictionaries(st.sampled_from(FIELDS), ANYTHING | OBJECTS, max_size=4),
)
def test_every_client_event_decodes_or_is_refused(quirks: FlatQuirks, kind: str, fields: dict[str, Any]) -> None:
    driver, dialect = Driver(configuration=quirks.config), Flat(quirks)
    try:
        event = dialect.decode(json.dumps({"type": kind, **fields}))
    except RemoteProtocolError:
        return
    assert isinstance(event, CLIENT_EVENTS)
    assert decode_client(event.model_dump_json(exclude_none=True))
    for output in driver.event(event):
        if isinstance(output, SERVER_EVENTS):
            for text in dialect.encode(output):
                json.loads(text)


@BOTH
@settings(max_examples=40, deadline=None)
@given(text=st.text(max_size=40) | JSON.map(json.dumps))
def test_text_that_is_no_event_is_refused(quirks: FlatQuirks, text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        Flat(quirks).decode(text)
