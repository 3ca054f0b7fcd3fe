"""Keepalive: a client whose machine has gone is cut off within the documented time, and nobody else notices."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import connect

from tui_assistant.server import keepalive, limits
from tui_assistant.server.app import RealtimeServer, ServerOptions
from tui_assistant.server.connection import Connection
from tui_assistant.server.metrics import DISCONNECTED
from tui_assistant.testing.server import scripted

PING_S, PONG_S = 0.4, 0.6  # instead of the real ones: nobody waits for those here
TEXT, PING, PONG, CLOSE = 0x81, 0x89, 0x8A, 0x88  # first bytes of frames


@asynccontextmanager
async def serving(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RealtimeServer]:
    monkeypatch.setattr(keepalive, "PING_S", PING_S)
    monkeypatch.setattr(keepalive, "PONG_S", PONG_S)
    server = RealtimeServer(ServerOptions(port=0), scripted(["hello"], ["Hello to you."]))
    async with server.running():
        yield server


class Raw:
    """A WebSocket client by hand, that does nothing by itself."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, server: RealtimeServer) -> Raw:
        host, port = server.url.removeprefix("ws://").split("/")[0].split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        key = base64.b64encode(os.urandom(16)).decode()
        lines = ["GET /v1/realtime HTTP/1.1", f"Host: {host}:{port}", "Upgrade: websocket", "Connection: Upgrade"]
        lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "", ""]
        writer.write("\r\n".join(lines).encode())
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        return cls(reader, writer)

    async def frame(self) -> tuple[int, bytes]:
        """The next frame: its first byte and what it carries. Raises IncompleteReadError when it is cut off."""
        first, size = await self._reader.readexactly(2)
        if size == 126:
            size = int.from_bytes(await self._reader.readexactly(2))
        elif size == 127:
            size = int.from_bytes(await self._reader.readexactly(8))
        return first, await self._reader.readexactly(size)

    def send(self, first: int, data: bytes) -> None:
        """A short frame; its mask is zero."""
        assert len(data) < 126
        self._writer.write(bytes([first, 0x80 | len(data)]) + bytes(4) + data)

    def close(self) -> None:
        self._writer.close()


async def to_the_end(raw: Raw) -> list[int]:
    """The first bytes of all frames until the server has cut the connection."""
    found = []
    try:
        while True:
            found.append((await raw.frame())[0])
    except (asyncio.IncompleteReadError, ConnectionError):
        return found


@pytest.mark.parametrize("talks", [False, True])
async def test_who_answers_no_ping_is_cut_off_and_others_do_not_notice(
    monkeypatch: pytest.MonkeyPatch, talks: bool
) -> None:
    """Also one that still sends: its end of the connection may be a proxy that has lost the client."""
    async with serving(monkeypatch) as server, connect(server.url, proxy=None) as good, asyncio.timeout(20):
        for _ in range(2):
            await good.recv()
        loop = asyncio.get_running_loop()
        raw = await Raw.open(server)
        began = loop.time()

        async def talk() -> None:
            while talks:
                raw.send(TEXT, b'{"type":"input_audio_buffer.clear"}')
                await asyncio.sleep(0.1)

        talking = asyncio.create_task(talk())
        frames = await to_the_end(raw)
        took = loop.time() - began
        talking.cancel()
        raw.close()
        assert frames.count(PING) >= 1
        assert CLOSE in frames  # with a reason, for who can still read it
        assert PING_S + PONG_S - 0.1 < took < PING_S + PONG_S + limits.CLOSE_S + 1  # the last second: a busy machine
        while server.sessions > 1:  # noqa: ASYNC110  # a number of the server
            await asyncio.sleep(0.02)
        assert server._counters.get(DISCONNECTED, "no_pong") == 1
        await good.send('{"type":"response.create"}')
        kinds = []
        while not kinds or kinds[-1] != "response.done":
            kinds.append(json.loads(await good.recv())["type"])
        assert kinds[0] == "response.created"


async def test_who_answers_pings_stays_without_saying_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(monkeypatch) as server, asyncio.timeout(20):
        raw = await Raw.open(server)
        pings = 0
        while pings < 5:  # so twice as long as a silent client stays
            first, data = await raw.frame()
            if first == PING:
                raw.send(PONG, data)
                pings += 1
        assert server.sessions == 1
        raw.send(TEXT, b'{"type":"input_audio_buffer.clear"}')
        answer = b""
        while b"input_audio_buffer.cleared" not in answer:
            first, answer = await raw.frame()
            assert first in (TEXT, PING)
        raw.close()


async def test_a_pong_may_stand_behind_audio_that_the_server_has_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slower than its client, the server is the one that is late."""
    frames, done = 45, 0

    async def late(connection: Connection, frame: str | bytes) -> None:
        nonlocal done
        await asyncio.sleep((PING_S + PONG_S) / 20)  # so 16 frames, which are read ahead, take about that long
        done += 1

    monkeypatch.setattr(Connection, "_receive", late)
    async with serving(monkeypatch) as server, asyncio.timeout(40):
        raw = await Raw.open(server)
        for _ in range(frames):
            raw.send(TEXT, b'{"type":"input_audio_buffer.clear"}')
        pings = 0
        while pings < 4:
            first, data = await raw.frame()
            assert first in (TEXT, PING)
            if first == PING:
                pings += 1
                raw.send(PONG, data)
        assert done == frames
        raw.close()


async def test_the_servers_own_figures_are_those_of_the_limits() -> None:
    server = RealtimeServer(ServerOptions(port=0), scripted(["hello"], ["Hello."]))
    async with server.running(), connect(server.url, proxy=None) as client:
        await client.recv()
        (socket,) = server._sockets
        assert socket.ping_interval is None, "websockets has a keepalive too"
        assert (keepalive.PING_S, keepalive.PONG_S) == (limits.PING_S, limits.PONG_S)
        assert limits.DEAD_S == 40
