"""The end of a server: running answers may finish, then everybody is told with 1001."""

from __future__ import annotations

import asyncio
import json
import time

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tui_assistant.server.app import RealtimeServer, ServerOptions
from tui_assistant.testing.server import scripted


async def test_a_running_answer_is_finished_before_the_goodbye() -> None:
    server = RealtimeServer(ServerOptions(port=0), scripted(["hello"], ["Hello to you. " * 10]))
    kinds = []
    async with server.running(), asyncio.timeout(20):
        client = await connect(server.url, proxy=None)
        await client.send('{"type":"response.create"}')
        while not kinds or kinds[-1] != "response.created":
            kinds.append(json.loads(await client.recv())["type"])
        await server.drain()
    try:
        while True:
            kinds.append(json.loads(await client.recv())["type"])
    except ConnectionClosed as error:
        code = error.rcvd.code if error.rcvd else None
    assert (kinds[-1], code) == ("response.done", 1001)


async def test_nothing_to_wait_for() -> None:
    server = RealtimeServer(ServerOptions(port=0), scripted(["hello"], ["Hello."]))
    async with server.running(), connect(server.url, proxy=None) as client:
        await client.recv()
        await client.recv()
        begin = time.monotonic()
        await server.drain()
        assert time.monotonic() - begin < 0.2
