"""The flat session object, field by field, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fakes import Driver

from tui_assistant.errors import RemoteProtocolError
from tui_assistant.protocol.codec import encode_audio
from tui_assistant.protocol.dialects.flat import Flat
from tui_assistant.protocol.dialects.quirks import BETA, QWEN, FlatQuirks
from tui_assistant.protocol.session import PcmFormat, PcmuFormat, ServerVad


class Peer:
    """A session behind a flat dialect."""

    def __init__(self, quirks: FlatQuirks) -> None:
        self.dialect = Flat(quirks)
        self.driver = Driver(configuration=self.dialect.config)
        self.created = json.loads(self.dialect.encode(self.driver.events[0])[0])["session"]

    def update(self, **fields: Any) -> dict[str, Any]:
        """The session as it is echoed; KeyError when the update was refused by the engine."""
        event = self.dialect.decode(json.dumps({"type": "session.update", "session": fields}))
        (answer,) = self.driver.event(event)
        return json.loads(self.dialect.encode(answer)[0])["session"]  # type: ignore[arg-type]

    @property
    def input(self) -> Any:
        return self.driver.session.config.audio.input


def refused(peer: Peer, **fields: Any) -> tuple[str | None, str | None]:
    with pytest.raises(RemoteProtocolError) as error:
        peer.update(**fields)
    return error.value.code, error.value.param


def test_what_the_dialects_begin_with() -> None:
    qwen, beta = Peer(QWEN).created, Peer(BETA).created
    assert qwen["turn_detection"]["silence_duration_ms"] == 800
    assert beta["turn_detection"]["silence_duration_ms"] == 500
    assert (qwen["input_audio_format"], beta["input_audio_format"]) == ("pcm", "pcm16")
    assert (qwen["temperature"], beta["temperature"]) == (0.7, 0.8)
    assert qwen["input_audio_transcription"] == {"model": "local"}
    assert beta["input_audio_transcription"] is None
    assert (qwen["max_response_output_token"], beta["max_response_output_tokens"]) == ("inf", "inf")
    assert {"audio", "output_modalities", "type"}.isdisjoint({*qwen, *beta})
    assert Peer(QWEN).input.format == PcmFormat(rate=16_000)


def test_formats() -> None:
    peer = Peer(QWEN)
    peer.update(input_audio_format="pcm16", output_audio_format="pcm24")
    assert peer.input.format == PcmFormat(rate=16_000)
    peer.update(input_audio_format="g711_ulaw")
    assert peer.input.format == PcmuFormat()
    peer.update(input_audio_format="pcm")
    assert peer.input.format == PcmFormat(rate=16_000)
    peer.update(sample_rate=8_000)
    assert peer.input.format == PcmFormat(rate=8_000)
    newer = {"input": {"format": {"type": "pcm", "sample_rate": 48_000, "channels": 1}}, "output": {"voice": "Tina"}}
    shown = peer.update(audio=newer, voice="Cherry")
    assert peer.input.format == PcmFormat(rate=48_000)
    assert (shown["voice"], shown["audio"]) == ("Tina", newer)
    assert refused(peer, input_audio_format="opus") == ("invalid_value", "session.input_audio_format")
    wav = {"input": {"format": {"type": "wav"}}}
    assert refused(peer, audio=wav) == ("invalid_value", "session.audio.input.format.type")


def test_a_threshold_below_zero_is_kept_in_the_echo() -> None:
    peer = Peer(QWEN)
    assert peer.update(turn_detection={"threshold": -0.4})["turn_detection"]["threshold"] == -0.4
    assert peer.input.turn_detection.threshold == 0.0
    assert peer.update(turn_detection={"silence_duration_ms": 700})["turn_detection"]["threshold"] == -0.4
    assert peer.update(turn_detection={"threshold": 0.0})["turn_detection"]["threshold"] == 0.0
    event = peer.dialect.decode('{"type":"session.update","session":{"turn_detection":{"threshold":-2}}}')
    (error,) = peer.driver.event(event)
    assert json.loads(peer.dialect.encode(error)[0])["error"]["param"] == "session.turn_detection.threshold"  # type: ignore[arg-type]


def test_a_refused_update_leaves_no_trace() -> None:
    peer = Peer(QWEN)
    patch = {"temperature": 1.5, "turn_detection": {"threshold": -0.4, "silence_duration_ms": 99_999}}
    event = peer.dialect.decode(json.dumps({"type": "session.update", "session": patch}))
    (error,) = peer.driver.event(event)
    assert getattr(error, "type", "") == "error"
    shown = peer.update(turn_detection={"threshold": 0.0})
    assert (shown["temperature"], shown["turn_detection"]["threshold"]) == (0.7, 0.0)


def test_turn_detection_in_all_its_spellings() -> None:
    peer = Peer(QWEN)
    for off in (None, "none", {"type": None}, {"type": "none"}):
        peer.update(turn_detection="server_vad")
        assert peer.input.turn_detection == ServerVad(silence_duration_ms=800)
        assert peer.update(turn_detection=off)["turn_detection"] is None
    assert peer.update(turn_detection={"threshold": 0.3})["turn_detection"]["silence_duration_ms"] == 800
    sdk = {"type": "semantic_vad", "threshold": 0.2, "prefix_padding_ms": 300, "silence_duration_ms": 800}
    assert peer.update(turn_detection=sdk)["turn_detection"] == {
        "type": "semantic_vad",
        "eagerness": "auto",
        "create_response": True,
        "interrupt_response": True,
    }
    assert peer.update(turn_detection="server_vad")["turn_detection"]["silence_duration_ms"] == 800


def test_nulls_keep_what_is_there() -> None:
    peer = Peer(QWEN)
    before = peer.update(voice="Tina", instructions="Be short.", smooth_output=True)
    assert peer.update(voice=None, instructions=None, temperature=None, tools=None, modalities=None) == before


@pytest.mark.parametrize("quirks", [BETA, QWEN], ids=["beta", "qwen"])
def test_tools_nested_and_flat(quirks: FlatQuirks) -> None:
    flat = {"type": "function", "name": "now", "description": "The time", "parameters": {"type": "object"}}
    nested = {"type": "function", "function": {key: value for key, value in flat.items() if key != "type"}}
    for sent in (flat, nested):
        assert Peer(quirks).update(tools=[sent])["tools"] == [nested if quirks is QWEN else flat]


def test_refusals_name_the_flat_field() -> None:
    for quirks in (BETA, QWEN):
        peer = Peer(quirks)
        assert refused(peer, modalities=["audio"]) == ("invalid_value", "session.modalities")
        assert refused(peer, voice="") == ("invalid_value", "session.voice")
        assert refused(peer, temperature=7) == ("invalid_value", "session.temperature")
        assert refused(peer, output_modalities=["text"]) == ("unknown_parameter", "session.output_modalities")
    assert refused(Peer(BETA), top_p=0.5) == ("unknown_parameter", "session.top_p")


@pytest.mark.parametrize(
    ("quirks", "kind"),
    [(QWEN, "input_image_buffer.append"), (BETA, "transcription_session.update")],
)
def test_events_that_are_not_offered_are_refused_by_name(quirks: FlatQuirks, kind: str) -> None:
    with pytest.raises(RemoteProtocolError, match=kind) as error:
        Flat(quirks).decode(json.dumps({"type": kind, "image": "AAAA"}))
    assert (error.value.code, error.value.param) == ("invalid_value", "type")


def test_the_end_of_a_session_is_qwens_alone() -> None:
    with pytest.raises(RemoteProtocolError) as error:
        Flat(BETA).decode('{"type":"session.finish"}')
    assert error.value.param == "type"


def test_the_format_is_fixed_once_audio_has_come() -> None:
    peer = Peer(QWEN)
    append = {"type": "input_audio_buffer.append", "audio": encode_audio(bytes(320))}
    peer.driver.event(peer.dialect.decode(json.dumps(append)))
    peer.update(input_audio_format="pcm16")  # the same: the SDK sends it every time
    event = peer.dialect.decode('{"type":"session.update","session":{"sample_rate":8000}}')
    (error,) = peer.driver.event(event)
    assert json.loads(peer.dialect.encode(error)[0])["error"]["param"] == "session.input_audio_format"  # type: ignore[arg-type]


def test_items_of_the_flat_wire() -> None:
    content = [{"type": "text", "text": "hi", "audio": None}]
    for role, kind in (("user", "input_text"), ("assistant", "output_text")):
        item = {"type": "message", "role": role, "content": content, "call_id": None}
        event: Any = Flat(BETA).decode(json.dumps({"type": "conversation.item.create", "item": item}))
        assert event.item.content[0].type == kind


def test_faults_of_the_event_itself() -> None:
    for text, code, param in [
        ('{"type":"session.update"}', "missing_required_parameter", "session"),
        ('{"type":"session.update","session":[]}', "invalid_value", "session"),
        ('{"type":"session.update","session":{"seed":NaN}}', "invalid_event", None),
        ('{"type":"response.create","response":{"speed":2}}', "unknown_parameter", "response.speed"),
        ('{"type":"nonsense"}', "invalid_value", "type"),
    ]:
        with pytest.raises(RemoteProtocolError) as error:
            Flat(QWEN).decode(text)
        assert (error.value.code, error.value.param) == (code, param)
