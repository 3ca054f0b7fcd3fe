"""The server, with the dashscope package's OmniRealtimeConversation as its client."""

from __future__ import annotations

import base64
import queue
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dashscope
import pytest
from dashscope.audio.qwen_omni import MultiModality, OmniRealtimeCallback, OmniRealtimeConversation

PCM_16K = Path(__file__).parents[1] / "data" / "speech" / "lj_0002.wav"
PATIENCE_S = 20
BLOCK = 3_200  # bytes: 100 ms, as the service's documentation advises
BOTH = [MultiModality.AUDIO, MultiModality.TEXT]
ANSWER = [
    "response.created",
    "response.output_item.added",
    "conversation.item.created",
    "response.content_part.added",
    "response.audio_transcript.done",
    "response.audio.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.done",
]


class Callback(OmniRealtimeCallback):  # type: ignore[misc]  # the package ships no type information
    def __init__(self) -> None:
        self.events: queue.Queue[dict[str, Any]] = queue.Queue()
        self.closed: list[tuple[Any, Any]] = []

    def on_event(self, message: Any) -> None:
        self.events.put(message)

    def on_close(self, close_status_code: Any, close_msg: Any) -> None:
        self.closed.append((close_status_code, close_msg))


class Client:
    """A conversation of the SDK, with what it has received."""

    def __init__(self, url: str) -> None:
        self.callback = Callback()
        self.sdk = OmniRealtimeConversation(
            model="qwen3.5-omni-flash-realtime", callback=self.callback, url=url, api_key="none"
        )

    def until(self, kind: str) -> list[dict[str, Any]]:
        """The events up to the next one of this type."""
        seen: list[dict[str, Any]] = []
        deadline = time.monotonic() + PATIENCE_S
        while not seen or seen[-1]["type"] != kind:
            try:
                seen.append(self.callback.events.get(timeout=max(0.0, deadline - time.monotonic())))
            except queue.Empty:
                raise AssertionError(f"no {kind}; came: {[event['type'] for event in seen]}") from None
        return seen

    def speak(self, pcm: bytes) -> None:
        for begin in range(0, len(pcm), BLOCK):
            self.sdk.append_audio(base64.b64encode(pcm[begin : begin + BLOCK]).decode())


def sentence() -> bytes:
    with wave.open(str(PCM_16K)) as file:
        assert file.getframerate() == 16_000
        return file.readframes(file.getnframes())


def names(events: list[dict[str, Any]]) -> list[str]:
    """Without deltas, and without the transcript, which floats."""
    return [e["type"] for e in events if "delta" not in e["type"] and "input_audio_transcription" not in e["type"]]


@pytest.fixture
def client(realtime_server_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")  # else even loopback goes through a configured proxy
    monkeypatch.setattr(dashscope, "api_key", "none")
    client = Client(realtime_server_url.replace("/v1/realtime", "/api-ws/v1/realtime"))
    client.sdk.connect()
    try:
        yield client
    finally:
        client.sdk.close()


@pytest.mark.realtime(heard=["what time is it"], answers=["It is noon."])
def test_vad_mode(client: Client) -> None:
    created = client.until("session.created")[-1]["session"]
    assert created["turn_detection"]["silence_duration_ms"] == 800
    assert created["modalities"] == ["text", "audio"]
    client.sdk.update_session(BOTH)
    updated = client.until("session.updated")[-1]["session"]
    assert updated["turn_detection"] == {
        "type": "server_vad",
        "threshold": 0.2,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 800,
        "create_response": True,
        "interrupt_response": True,
    }
    client.speak(sentence() + bytes(2 * 16_000 * 2))
    events = client.until("response.done")
    assert names(events) == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.created",
        *ANSWER,
    ]
    transcripts = [e["transcript"] for e in events if e["type"].endswith("transcription.completed")]
    assert transcripts == ["what time is it"]
    audio = b"".join(base64.b64decode(e["delta"]) for e in events if e["type"] == "response.audio.delta")
    assert len(audio) == 2 * 24_000 * 20 * len("It is noon.") // 1000
    assert events[-1]["response"]["output"][0]["content"][0]["transcript"].strip() == "It is noon."
    assert client.sdk.get_session_id() == created["id"]
    assert client.sdk.get_last_response_id() == events[-1]["response"]["id"]
    assert client.sdk.get_last_first_audio_delay() is not None


def test_manual_mode(client: Client) -> None:
    client.sdk.update_session(BOTH, enable_turn_detection=False)
    assert client.until("session.updated")[-1]["session"]["turn_detection"] is None
    client.speak(sentence())
    client.sdk.commit()
    assert names(client.until("conversation.item.created")) == [
        "input_audio_buffer.committed",
        "conversation.item.created",
    ]
    client.sdk.create_response()
    events = client.until("response.done")
    assert names(events) == ANSWER
    assert events[-1]["response"]["status"] == "completed"


def test_commit_and_response_create_in_one_go(client: Client) -> None:
    """The vendor's demo doesn't wait between the two."""
    client.sdk.update_session(BOTH, enable_turn_detection=False)
    client.until("session.updated")
    client.speak(sentence())
    client.sdk.commit()
    client.sdk.create_response(output_modalities=[MultiModality.TEXT])
    found = names(client.until("response.done"))
    assert found[:3] == ["input_audio_buffer.committed", "conversation.item.created", "response.created"]
    assert "response.text.done" in found


@pytest.mark.realtime(answers=["one two three four five six seven eight nine ten. " * 20])
def test_cancel(client: Client) -> None:
    client.sdk.update_session([MultiModality.TEXT, MultiModality.AUDIO], enable_turn_detection=False)
    client.speak(sentence())
    client.sdk.commit()
    client.sdk.create_response()
    client.until("response.audio.delta")
    client.sdk.cancel_response()
    events = client.until("response.done")
    assert events[-1]["response"]["status"] == "cancelled"
    assert "response.audio.done" in names(events)
    client.sdk.cancel_response()
    assert client.until("error")[-1]["error"]["message"] == "Conversation has none active response"


@pytest.mark.realtime(heard=["stop and listen"], answers=["one two three four five six seven. " * 100, "Yes?"])
def test_speech_interrupts_an_answer(client: Client) -> None:
    client.sdk.update_session(BOTH)
    client.until("session.updated")
    client.sdk.create_response()
    client.until("response.audio.delta")
    first = client.sdk.get_last_response_id()
    client.speak(sentence() + bytes(2 * 16_000 * 2))
    events = client.until("input_audio_buffer.speech_started")
    assert [name for name in names(events) if name.endswith(".done")] == []
    events = client.until("response.done")
    assert [name for name in names(events) if not name.startswith("input_audio_buffer")] == ANSWER[4:]
    cancelled = events[-1]["response"]
    assert (cancelled["id"], cancelled["status"]) == (first, "cancelled")
    assert cancelled["status_details"]["reason"] == "turn_detected"
    events = client.until("response.done")
    assert names(events)[-len(ANSWER) :] == ANSWER
    assert events[-1]["response"]["status"] == "completed"
    assert client.sdk.get_last_response_id() == events[-1]["response"]["id"] != first


def test_clear(client: Client) -> None:
    client.sdk.update_session(BOTH, enable_turn_detection=False)
    client.until("session.updated")
    client.speak(sentence())
    client.sdk.clear_appended_audio()
    assert names(client.until("input_audio_buffer.cleared")) == ["input_audio_buffer.cleared"]
    client.sdk.commit()
    assert client.until("error")[-1]["error"]["code"] == "input_audio_buffer_commit_empty"


def test_everything_the_sdk_may_say_in_an_update(client: Client) -> None:
    client.sdk.update_session(
        [MultiModality.TEXT],
        voice="Tina",
        turn_detection_type="semantic_vad",  # the SDK sends server_vad's fields beside it
        smooth_output=None,
        temperature=0.5,
        max_tokens=16_384,
        instructions="Be short.",
        tools=[{"type": "function", "function": {"name": "now", "description": "The time", "parameters": {}}}],
    )
    session = client.until("session.updated")[-1]["session"]
    assert session["turn_detection"]["type"] == "semantic_vad"
    assert session["modalities"] == ["text"]
    told = {key: session[key] for key in ("voice", "temperature", "max_tokens", "instructions")}
    assert told == {"voice": "Tina", "temperature": 0.5, "max_tokens": 16_384, "instructions": "Be short."}
    assert session["tools"][0]["function"]["name"] == "now"
    client.sdk.update_session(BOTH, turn_detection_threshold=-0.5, enable_input_audio_transcription=False)
    session = client.until("session.updated")[-1]["session"]
    assert session["turn_detection"]["threshold"] == -0.5
    assert session["turn_detection"]["silence_duration_ms"] == 800
    assert session["input_audio_transcription"] is None
    assert session["voice"] == "Tina"  # null, which the SDK sends, keeps it


def test_pictures_are_refused_by_name(client: Client) -> None:
    client.sdk.append_video("AAAA")
    error = client.until("error")[-1]["error"]
    assert (error["code"], error["param"]) == ("invalid_value", "type")
    assert "input_image_buffer.append" in error["message"]


def test_the_session_is_ended_by_the_sdk(client: Client) -> None:
    client.until("session.created")
    client.sdk.end_session(timeout=PATIENCE_S)
    assert names(client.until("session.finished")) == ["session.finished"]
