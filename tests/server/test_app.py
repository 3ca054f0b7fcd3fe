"""The server, with the openai package as its client."""

from __future__ import annotations

import asyncio
import base64
import json
import wave
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from openai import AsyncOpenAI
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tui_assistant.server.app import ServerOptions
from tui_assistant.sound.resample import resample
from tui_assistant.testing.server import realtime_server

SPEECH = Path(__file__).parents[1] / "data" / "speech" / "lj_0002.wav"


def speech() -> bytes:
    """One sentence at 24 kHz, with silence behind it."""
    with wave.open(str(SPEECH)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        wide = resample(samples, file.getframerate(), 24_000)
    return wide.tobytes() + bytes(2 * 24_000 * 3 // 2)


def blocks(pcm: bytes) -> list[str]:
    return [base64.b64encode(pcm[begin : begin + 4800]).decode() for begin in range(0, len(pcm), 4800)]


def base(url: str) -> str:
    return url.removesuffix("/realtime")


async def until(connection: Any, kind: str) -> list[Any]:
    seen = []
    async with asyncio.timeout(20):
        while True:
            event = await connection.recv()
            seen.append(event)
            if event.type == kind:
                return seen


@pytest.mark.realtime(heard=["what time is it"], answers=["It is noon."])
async def test_the_openai_package_has_a_spoken_turn(realtime_server_url: str) -> None:
    client = AsyncOpenAI(api_key="none", websocket_base_url=base(realtime_server_url))
    async with client.realtime.connect(model="local") as connection:
        created = await connection.recv()
        assert created.type == "session.created"
        assert created.session.audio.input.turn_detection.silence_duration_ms == 500
        transcription: Any = {"audio": {"input": {"transcription": {"model": "local"}}}}
        await connection.session.update(session={"type": "realtime", **transcription})
        await until(connection, "session.updated")
        for audio in blocks(speech()):
            await connection.input_audio_buffer.append(audio=audio)
        events = await until(connection, "response.done")
    names = [event.type for event in events if "delta" not in event.type]
    assert names == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
        "conversation.item.input_audio_transcription.completed",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    audio = b"".join(base64.b64decode(event.delta) for event in events if event.type == "response.output_audio.delta")
    assert len(audio) == 2 * 24_000 * 20 * len("It is noon.") // 1000
    assert events[-1].response.output[0].content[0].transcript.strip() == "It is noon."
    assert not any("reason" in event.to_dict() for event in events)


async def test_manual_turns_with_the_openai_package(realtime_server_url: str) -> None:
    client = AsyncOpenAI(api_key="none", websocket_base_url=base(realtime_server_url))
    async with client.realtime.connect(model="local") as connection:
        manual: Any = {"audio": {"input": {"turn_detection": None}}}
        await connection.session.update(session={"type": "realtime", **manual})
        events = await until(connection, "session.updated")
        assert events[-1].session.audio.input.turn_detection is None
        for audio in blocks(speech()):
            await connection.input_audio_buffer.append(audio=audio)
        await connection.input_audio_buffer.commit()
        events = await until(connection, "conversation.item.done")
        assert [event.type for event in events] == [
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
        ]
        await connection.response.create()
        assert (await until(connection, "response.done"))[-1].response.status == "completed"


async def test_frames_that_are_no_events_are_answered_and_the_session_goes_on(realtime_server_url: str) -> None:
    async with connect(realtime_server_url, proxy=None) as socket:
        await socket.recv()
        await socket.recv()
        expected = []
        for frame, code in [
            ("{", "invalid_event"),
            ("[]", "invalid_event"),
            (b"\x00", "invalid_event"),
            ('{"type":"nonsense","event_id":"e1"}', "invalid_value"),
            ('{"type":"input_audio_buffer.append","audio":"!!"}', "invalid_value"),
            ('{"type":"session.update","session":{}}', "missing_required_parameter"),
        ]:
            await socket.send(frame)
            expected.append(code)
        errors = [json.loads(await socket.recv())["error"] for _ in expected]
        assert [error["code"] for error in errors] == expected
        assert [error["event_id"] for error in errors] == [None, None, None, "e1", None, None]
        await socket.send('{"type":"input_audio_buffer.clear"}')
        assert json.loads(await socket.recv())["type"] == "input_audio_buffer.cleared"


async def test_reasons_are_sent_to_who_asks_for_them(realtime_server_url: str) -> None:
    async with connect(realtime_server_url + "?explain=1", proxy=None) as socket:
        for audio in blocks(speech()):
            await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
        found = {}
        while "input_audio_buffer.speech_stopped" not in found:
            event = json.loads(await asyncio.wait_for(socket.recv(), 20))
            found[event["type"]] = event
        assert found["input_audio_buffer.speech_stopped"]["reason"]["rule"] == "silence"


async def test_the_gate_of_the_handshake() -> None:
    with realtime_server(options=ServerOptions(port=0, token="s3cret")) as url:
        health = await asyncio.to_thread(
            lambda: httpx.get(url.replace("ws://", "http://").replace("/v1/realtime", "/healthz"), trust_env=False)
        )
        assert (health.status_code, health.text) == (200, "ok\n")

        async def refused(url: str, **headers: str) -> int:
            with pytest.raises(InvalidStatus) as error:
                async with connect(url, additional_headers=headers, proxy=None):
                    raise AssertionError("was let in")
            return error.value.response.status_code

        assert await refused(url) == 401
        assert await refused(url, Authorization="Bearer wrong") == 401
        assert await refused(url, Authorization="Bearer s3cret", Origin="http://evil.example") == 403
        assert await refused(url.replace("/v1/", "/v9/"), Authorization="Bearer s3cret") == 404
        async with connect(url, additional_headers={"Authorization": "bearer s3cret"}, proxy=None) as socket:
            assert json.loads(await socket.recv())["type"] == "session.created"
        offered: Any = ["realtime", "openai-insecure-api-key.s3cret"]
        async with connect(url, subprotocols=offered, proxy=None) as socket:
            assert socket.subprotocol == "realtime"


async def test_two_sessions_never_see_each_other(realtime_server_url: str) -> None:
    async with connect(realtime_server_url, proxy=None) as one, connect(realtime_server_url, proxy=None) as two:
        ids = {json.loads(await socket.recv())["session"]["id"] for socket in (one, two)}
        assert len(ids) == 2
        await two.recv()
        message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "mine"}]}
        await one.send(json.dumps({"type": "conversation.item.create", "item": message}))
        await one.send('{"type":"response.create"}')
        while json.loads(await asyncio.wait_for(one.recv(), 20))["type"] != "response.done":
            pass
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(two.recv(), 0.3)
