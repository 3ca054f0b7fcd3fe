"""Speech over a running answer on Qwen's wire: what is closed, and in which order; by its SDK in test_dashscope.py."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from recording import blocks, sentence
from websockets.asyncio.client import ClientConnection, connect

LONG = "This answer is long enough to be interrupted while it is made. " * 60
SPEECH = blocks(sentence(16_000), 32_000)
TURN = [
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "conversation.item.created",
]
OPENED = [
    "response.created",
    "response.output_item.added",
    "conversation.item.created",
    "response.content_part.added",
]
CLOSED = [
    "response.audio_transcript.done",
    "response.audio.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.done",
]
CANCELLED, COMPLETED = ("cancelled", "turn_detected"), ("completed", None)
Events = list[dict[str, Any]]


async def send(socket: ClientConnection, kind: str, **fields: Any) -> None:
    await socket.send(json.dumps({"type": kind, **fields}))


async def until(socket: ClientConnection, kind: str, times: int = 1) -> Events:
    seen: Events = []
    async with asyncio.timeout(20):
        while [event["type"] for event in seen].count(kind) < times:
            seen.append(json.loads(await socket.recv()))
    return seen


async def barge_in(url: str, responses: int, turn: int = 1, **rules: bool) -> Events:
    """Speech over a long answer that was asked for by hand; all events up to the end of so many responses and turns."""
    async with connect(url.replace("/v1/realtime", "/api-ws/v1/realtime"), proxy=None) as socket:
        detection = {"type": "server_vad", "silence_duration_ms": 500, **rules}
        await send(socket, "session.update", session={"turn_detection": detection})
        await until(socket, "session.updated")
        await send(socket, "response.create", response={"instructions": None})
        seen = await until(socket, "response.audio.delta")
        for block in SPEECH:
            await send(socket, "input_audio_buffer.append", audio=block)
        async with asyncio.timeout(20):
            while True:
                kinds = [event["type"] for event in seen]
                if kinds.count("response.done") == responses and kinds.count("input_audio_buffer.committed") == turn:
                    break
                seen.append(json.loads(await socket.recv()))
        await send(socket, "input_audio_buffer.clear")  # nothing more comes behind the last one
        return seen + (await until(socket, "input_audio_buffer.cleared"))[:-1]


def names(events: Events) -> list[str]:
    """Without deltas and the words of the user, which float."""
    return [e["type"] for e in events if "delta" not in e["type"] and "input_audio_transcription" not in e["type"]]


def outcomes(events: Events) -> list[tuple[str, str | None]]:
    done = [event["response"] for event in events if event["type"] == "response.done"]
    return [(each["status"], (each["status_details"] or {}).get("reason")) for each in done]


@pytest.mark.realtime(heard=["stop and listen"], answers=[LONG, "Yes?"])
async def test_speech_closes_the_answer_and_gets_its_own(realtime_server_url: str) -> None:
    events = await barge_in(realtime_server_url, 2, create_response=True, interrupt_response=True)
    assert names(events) == [*OPENED, TURN[0], *CLOSED, *TURN[1:], *OPENED, *CLOSED]
    assert outcomes(events) == [CANCELLED, COMPLETED]
    first, second = (event["response"]["id"] for event in events if event["type"] == "response.created")
    begin = next(index for index, event in enumerate(events) if event["type"] == TURN[0])
    later = [e.get("response_id") for e in events[begin:] if e["type"].endswith(("audio.delta", "transcript.delta"))]
    assert set(later) == {second}  # not a sample of the old answer after the user began to speak
    closed = next(event["response"] for event in events if event["type"] == "response.done")
    assert (closed["id"], closed["output"][0]["status"]) == (first, "incomplete")
    of_user = {event["item_id"] for event in events if event["type"] in TURN[:3]}
    assert of_user == {e["item"]["id"] for e in events if e["type"] == TURN[3] and e["item"]["role"] == "user"}


@pytest.mark.realtime(heard=["stop and listen"], answers=[LONG])
async def test_the_client_answers_itself(realtime_server_url: str) -> None:
    events = await barge_in(realtime_server_url, 1, create_response=False, interrupt_response=True)
    assert names(events) == [*OPENED, TURN[0], *CLOSED, *TURN[1:]]
    assert outcomes(events) == [CANCELLED]


@pytest.mark.realtime(heard=["stop and listen"], answers=[LONG, "Yes?"])
async def test_an_answer_that_may_not_be_interrupted_is_finished_first(realtime_server_url: str) -> None:
    events = await barge_in(realtime_server_url, 2, create_response=True, interrupt_response=False)
    found = names(events)
    assert [name for name in found if name in TURN[:3]] == TURN[:3]
    ended = [index for index, name in enumerate(found) if name == "response.done"]
    started = [index for index, name in enumerate(found) if name == "response.created"]
    assert found.index(TURN[2]) < ended[0] < started[1]  # the turn was over while the answer still ran
    assert outcomes(events) == [COMPLETED, COMPLETED]


@pytest.mark.realtime(heard=["stop and listen"], answers=[LONG])
async def test_the_server_only_listens(realtime_server_url: str) -> None:
    events = await barge_in(realtime_server_url, 1, create_response=False, interrupt_response=False)
    assert [name for name in names(events) if name in TURN[:3]] == TURN[:3]
    assert outcomes(events) == [COMPLETED]
