"""The check that every test here ends with: it does notice."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from pydantic import ValidationError
from sent_events import check_all
from websockets.asyncio.client import connect
from websockets.datastructures import Headers
from websockets.http11 import Request

BETA = Headers({"OpenAI-Beta": "realtime=v1"})
WIRES = {
    "ga": Request("/v1/realtime?model=m", Headers()),
    "beta": Request("/v1/realtime?model=m", BETA),
    "qwen": Request("/api-ws/v1/realtime?model=m", Headers()),
}


async def frames_of(url: str, request: Request) -> list[str]:
    """A typed question and its spoken answer."""
    url = url.removesuffix("/v1/realtime") + request.path
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}]}
    frames: list[str] = []
    async with connect(url, additional_headers=request.headers, proxy=None) as client, asyncio.timeout(20):
        await client.send(json.dumps({"type": "conversation.item.create", "item": item}))
        await client.send('{"type":"response.create"}')
        while not frames or json.loads(frames[-1])["type"] != "response.done":
            frames.append(str(await client.recv()))
    return frames


def unknown_type(event: dict[str, Any]) -> None:
    event["type"] = "response.cancelled"


def unknown_field(event: dict[str, Any]) -> None:
    event["response"]["colour"] = "red"


def missing_field(event: dict[str, Any]) -> None:
    del event["response"]


def wrong_type(event: dict[str, Any]) -> None:
    event["response"]["usage"]["total_tokens"] = "7"


def foreign_value(event: dict[str, Any]) -> None:
    event["response"]["status"] = "interrupted"


def no_id(event: dict[str, Any]) -> None:
    event["event_id"] = ""


def id_of_another(event: dict[str, Any]) -> None:
    event["event_id"] = "event_1"


FAULTS = [unknown_type, unknown_field, missing_field, wrong_type, foreign_value, no_id, id_of_another]


@pytest.mark.parametrize("wire", WIRES)
async def test_each_fault_of_a_frame_is_noticed(wire: str, realtime_server_url: str) -> None:
    request = WIRES[wire]
    frames = await frames_of(realtime_server_url, request)
    check_all(request, frames)
    for fault in FAULTS:
        event = json.loads(frames[-1])
        fault(event)
        with pytest.raises((AssertionError, ValidationError)):
            check_all(request, [*frames[:-1], json.dumps(event)])


async def test_the_wires_are_told_apart(realtime_server_url: str) -> None:
    frames = {wire: await frames_of(realtime_server_url, request) for wire, request in WIRES.items()}
    for spoken, said in frames.items():
        for wire in set(WIRES) - {spoken}:
            with pytest.raises((AssertionError, ValidationError, KeyError)):
                check_all(WIRES[wire], said)
