"""Clients that break the rules: each gets its close code, and the sessions beside it notice nothing."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from tui_assistant.host.workers import Port, WorkerSpec
from tui_assistant.server import limits, outgoing
from tui_assistant.server.app import RealtimeServer, ServerOptions
from tui_assistant.server.connection import Connection
from tui_assistant.testing.server import scripted


@asynccontextmanager
async def serving(**options: Any) -> AsyncIterator[RealtimeServer]:
    server = RealtimeServer(ServerOptions(port=0, **options), scripted(["hello"], ["Hello to you."]))
    async with server.running():
        yield server


async def event(client: ClientConnection, *kinds: str) -> dict[str, Any]:
    """The next event of one of `kinds`."""
    async with asyncio.timeout(20):
        while True:
            found: dict[str, Any] = json.loads(await client.recv())
            if found["type"] in kinds:
                return found


async def send(client: ClientConnection, kind: str, **fields: Any) -> None:
    await client.send(json.dumps({"type": kind, **fields}))


async def append(client: ClientConnection, pcm: bytes) -> None:
    await send(client, "input_audio_buffer.append", audio=base64.b64encode(pcm).decode())


async def manual(client: ClientConnection) -> None:
    await send(client, "session.update", session={"type": "realtime", "audio": {"input": {"turn_detection": None}}})
    await event(client, "session.updated")


async def fine(client: ClientConnection) -> None:
    """A session that works: it is asked something and everything that comes is what it asked for."""
    await send(client, "response.create")
    kinds = []
    while not kinds or kinds[-1] != "response.done":
        kinds.append(json.loads(await asyncio.wait_for(client.recv(), 20))["type"])
    assert kinds[0] == "response.created"
    assert all(kind.startswith(("response.", "conversation.item.")) for kind in kinds)


async def until(true: Callable[[], bool], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110  # what is waited for is a number of the server
            await asyncio.sleep(0.02)


async def close_code(client: ClientConnection, seconds: float = 20, kinds: list[str] | None = None) -> int:
    """`kinds` takes the types of the events before the close."""
    async with asyncio.timeout(seconds):
        try:
            while True:
                found = json.loads(await client.recv())
                if kinds is not None:
                    kinds.append(found["type"])
        except ConnectionClosed as error:
            assert error.rcvd is not None  # noqa: PT017  # how many events come before the close is open
            return error.rcvd.code


def raw(client: ClientConnection, opcode: Opcode, data: bytes) -> None:
    client.transport.write(Frame(opcode, data).serialize(mask=True))


async def invalid_utf8(client: ClientConnection) -> None:
    raw(client, Opcode.TEXT, b'{"type":"\xff\xfe"}')


async def too_large(client: ClientConnection) -> None:
    # Only the head of a frame that announces one byte more than is allowed.
    client.transport.write(b"\x81\xff" + (limits.MAX_FRAME_BYTES + 1).to_bytes(8, "big") + b"mask")


@pytest.mark.parametrize(("misbehave", "code"), [(invalid_utf8, 1007), (too_large, 1009)])
async def test_what_closes(misbehave: Callable[[ClientConnection], Awaitable[None]], code: int) -> None:
    async with serving() as server, connect(server.url, proxy=None) as good, connect(server.url, proxy=None) as bad:
        await event(good, "conversation.created")
        await misbehave(bad)
        assert await close_code(bad) == code
        await fine(good)
        await until(lambda: server.sessions == 1)


async def test_one_session_too_many_is_refused_until_there_is_room() -> None:
    async with serving(max_sessions=2) as server, connect(server.url, proxy=None) as one:
        async with connect(server.url, proxy=None):
            with pytest.raises(InvalidStatus) as refused:
                await connect(server.url, proxy=None)
            assert refused.value.response.status_code == 503
        await until(lambda: server.sessions == 1)
        async with connect(server.url, proxy=None) as two:
            await event(two, "session.created")
        await event(one, "conversation.created")
        await fine(one)


async def test_a_handshake_that_is_not_finished_is_dropped() -> None:
    async with serving(handshake_s=0.3) as server, connect(server.url, proxy=None) as good:
        host, port = server.url.removeprefix("ws://").split("/")[0].split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /v1/realtime HTTP/1.1\r\nHost: localhost\r\n")
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
        await event(good, "conversation.created")
        await fine(good)
    assert limits.HANDSHAKE_S == 10


async def test_a_client_that_vanishes_frees_its_session_and_its_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving() as server, connect(server.url, proxy=None) as good:
        asks: list[str] = []
        scoped = server._pool.scoped

        def listening(prefix: str) -> Any:
            post = scoped(prefix)

            def heard(ask: Any, on_answer: Any = None) -> None:
                asks.append(type(ask).__name__)
                post(ask, on_answer)

            return heard

        monkeypatch.setattr(server._pool, "scoped", listening)
        async with connect(server.url, proxy=None) as gone:
            await manual(gone)
            await append(gone, bytes(48_000))
            await until(lambda: "Transcribe" in asks)
            gone.transport.abort()
            await until(lambda: server.sessions == 1)
        assert asks.count("Cancel") == 2  # the words, and the open ask for alarms
        await event(good, "conversation.created")
        await fine(good)


async def test_a_fault_of_our_own_ends_its_session_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says what and where, but not the error's text, which may quote what was said."""
    async with serving() as server, connect(server.url, proxy=None) as good, connect(server.url, proxy=None) as bad:
        await event(good, "conversation.created")
        receive = Connection._receive

        async def faulty(self: Connection, frame: str | bytes) -> None:
            if "my secret" in str(frame):
                raise KeyError(frame)
            await receive(self, frame)

        monkeypatch.setattr(Connection, "_receive", faulty)
        await bad.send("my secret")
        assert await close_code(bad) == 1011
        await until(lambda: server.sessions == 1)
        await fine(good)
    (line,) = [record for record in caplog.records if record.levelname == "ERROR"]
    said = vars(line)["fields"]
    assert (line.getMessage(), said["error"]) == ("a session has failed", "KeyError")
    assert said["where"].startswith("test_bad_clients.py:")
    assert "secret" not in caplog.text


async def test_a_client_that_never_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "SEND_S", 0.5)
    most = []
    put = outgoing.Outgoing.put

    def measured(self: outgoing.Outgoing, *sent: Any) -> None:
        put(self, *sent)
        most.append(self._bytes)

    monkeypatch.setattr(outgoing.Outgoing, "put", measured)
    async with serving() as server, connect(server.url, proxy=None) as good:
        await event(good, "conversation.created")
        narrow = socket.create_connection(server.url.removeprefix("ws://").split("/")[0].split(":"))
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        async with connect(server.url, sock=narrow, proxy=None, max_queue=1, max_size=None) as slow:
            await manual(slow)
            await append(slow, bytes(2 * 24_000 * 10))  # an item whose retrieval is 640 kB of text
            await send(slow, "input_audio_buffer.commit")
            item = (await event(slow, "conversation.item.done"))["item"]["id"]
            slow.transport.pause_reading()
            for _ in range(40):
                await send(slow, "conversation.item.retrieve", item_id=item)
            began = asyncio.get_running_loop().time()
            await fine(good)
            assert asyncio.get_running_loop().time() - began < 3
            await asyncio.sleep(0.5 + limits.CLOSE_S + 1)  # it is given longer than others to fetch the code
            slow.transport.resume_reading()
            assert await close_code(slow) == 1008
        await until(lambda: server.sessions == 1)
        assert server.slow_readers == 1
        await fine(good)
    assert max(most) < limits.STOP_READING_BYTES + 700_000
    assert limits.SEND_S == 5


async def test_a_slow_reader_gets_every_event_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "WAITING_BYTES", 2_000)  # so that the models' answers have to wait
    async with serving() as server, connect(server.url, proxy=None) as slow:
        await event(slow, "conversation.created")
        await send(slow, "response.create")
        kinds = []
        while not kinds or kinds[-1] != "response.done":
            kinds.append(json.loads(await asyncio.wait_for(slow.recv(), 20))["type"])
            await asyncio.sleep(0.005)
        assert kinds.count("response.output_audio.delta") == len("Hello to you.")
        await asyncio.sleep(0.3)
        await fine(slow)


async def test_a_session_lasts_so_long_and_no_longer() -> None:
    """The error, the end of what ran, then the close with the same words: nothing else, and nothing twice."""
    said = "Your session hit the maximum duration of 2 seconds."
    async with serving(session_s=2) as server, connect(server.url, proxy=None) as client:
        began = asyncio.get_running_loop().time()
        created = await event(client, "session.created")
        assert abs(created["session"]["expires_at"] - (time.time() + 2)) <= 1.5
        await send(client, "session.update", session={"type": "realtime", "instructions": "x"})
        assert (await event(client, "session.updated"))["session"]["expires_at"] == created["session"]["expires_at"]
        error = (await event(client, "error"))["error"]
        assert (error["code"], error["message"]) == ("session_expired", said)
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(client.recv(), 5)
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1001, said)
        assert 1.8 < asyncio.get_running_loop().time() - began < 4
        await until(lambda: server.sessions == 0)
    assert limits.SESSION_S == 60 * 60


async def test_a_session_that_expires_while_it_answers() -> None:
    models = {**scripted([], []), Port.RESPONDER: WorkerSpec(Port.RESPONDER, "worker_models:responder")}
    server = RealtimeServer(ServerOptions(port=0, session_s=2), models)
    async with server.running(), connect(server.url, proxy=None) as client:
        words = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "endless"}]}
        await send(client, "conversation.item.create", item=words)
        await send(client, "response.create", response={"output_modalities": ["text"]})
        await event(client, "response.created")
        kinds: list[str] = []
        assert await close_code(client, kinds=kinds) == 1001
        assert kinds.count("error") == 1
        assert kinds[-1] == "response.done"
        assert kinds[: kinds.index("error")].count("response.output_text.delta") > 10
        assert "response.output_text.delta" not in kinds[kinds.index("error") :]
