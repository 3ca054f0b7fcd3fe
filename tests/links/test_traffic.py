from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tui_assistant.links.traffic import STILL_S, Sending, TrafficMeter
from tui_assistant.protocol import client
from tui_assistant.protocol.dialects.quirks import BETA, QWEN
from tui_assistant.protocol.dialects.remote import RemoteDialect, RemoteFlat, RemoteGa
from tui_assistant.protocol.usage import Tokens

SOUND, SILENCE = bytes(range(1, 241)) * 20, bytes(4_800)  # 100 ms at 24 kHz
DIALECTS = [RemoteGa(), RemoteFlat(BETA), RemoteFlat(QWEN)]


def meter(input_rate: int = 24_000) -> TrafficMeter:
    return TrafficMeter("voice.example", input_rate, 24_000, leaves=True)


def append(dialect: RemoteDialect, pcm: bytes) -> str:
    frame = dialect.encode(client.InputAudioBufferAppend(audio=base64.b64encode(pcm).decode()))
    assert frame is not None
    return frame


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("length", [4_800, 4_802, 4_804])
def test_audio_is_counted_as_it_goes_out(dialect: RemoteDialect, length: int) -> None:
    counting = meter(16_000)
    frames = [append(dialect, b"\1" * length) for _ in range(3)]
    frames.append(dialect.encode(client.InputAudioBufferCommit()) or "")
    for frame in frames:
        counting.went(frame, 1.0)
    found = counting.traffic(1.0)
    assert found.up_ms == 3 * length * 1_000 // 32_000
    assert found.up_bytes == sum(len(frame) for frame in frames)
    assert (found.place, found.leaves, found.down_ms, found.down_bytes) == ("voice.example", True, 0, 0)


def test_what_goes_out_at_this_moment() -> None:
    counting, dialect = meter(), RemoteGa()
    assert counting.traffic(0.0).sending is Sending.NOTHING
    counting.went(append(dialect, SOUND), 10.0)
    assert counting.traffic(10.0 + 0.9 * STILL_S).sending is Sending.SOUND
    assert counting.traffic(10.0 + STILL_S).sending is Sending.NOTHING
    counting.went(append(dialect, SILENCE), 20.0)
    assert counting.traffic(20.1).sending is Sending.SILENCE
    counting.went(append(dialect, SILENCE[:-2] + b"\1\0"), 20.2)
    assert counting.traffic(20.3).sending is Sending.SOUND
    counting.went(dialect.encode(client.ResponseCreate()) or "", 30.0)
    assert counting.traffic(30.1).sending is Sending.NOTHING


@pytest.mark.parametrize("name", ["response.output_audio.delta", "response.audio.delta"])
def test_audio_is_counted_as_it_comes(name: str) -> None:
    counting, dialect = meter(), RemoteGa()
    event = {"type": name, "item_id": "i", "response_id": "r", "delta": base64.b64encode(SOUND[:-2]).decode()}
    frame = json.dumps(event)
    counting.came(frame, dialect.decode(frame))
    counting.came(frame.encode(), dialect.decode(frame))
    counting.came('{"type": "ümläut"}', [])
    found = counting.traffic(0.0)
    assert found.down_ms == 199
    assert found.down_bytes == 2 * len(frame) + len('{"type": "ümläut"}'.encode())


def done(usage: Any, identity: str | None = "resp_1") -> str:
    return json.dumps({"type": "response.done", "response": {"id": identity, "status": "completed", "usage": usage}})


def test_tokens_of_answers_and_words_are_added_up_and_none_twice() -> None:
    counting = meter()
    usage = {"input_tokens": 100, "output_tokens": 40, "input_token_details": {"audio_tokens": 60, "cached_tokens": 50}}
    words = {"type": "conversation.item.input_audio_transcription.completed", "item_id": "item_1", "transcript": "x"}
    words["usage"] = {"type": "tokens", "input_tokens": 7, "output_tokens": 2}  # type: ignore[assignment]
    frames = [done(usage), done(usage), done(usage, "resp_2"), json.dumps(words), json.dumps(words)]
    for frame in frames:
        counting.came(frame, [])
    assert counting.traffic(0.0).tokens == Tokens(
        input_text=0,
        input_audio=100,
        cached_text=80,
        cached_audio=20,
        output_text=80,
        transcription_input=7,
        transcription_output=2,
    )


def test_answers_without_a_name_all_count() -> None:
    counting = meter()
    for _ in range(2):
        counting.came(done({"output_tokens": 3}, None), [])
    assert counting.traffic(0.0).tokens == Tokens(output_text=6)


@pytest.mark.parametrize(
    "frame",
    [
        '{"usage"',
        '{"type": "response.done", "response": null, "usage": 1}',
        done(None),
        done([1]),
        done({"input_tokens": "many"}),
        '{"type": "response.output_text.delta", "usage": {"input_tokens": 9}}',
        b'\xff"usage"',
    ],
)
def test_what_is_no_usage_counts_nothing(frame: str | bytes) -> None:
    counting = meter()
    counting.came(frame, [])
    assert counting.traffic(0.0).tokens == Tokens()
