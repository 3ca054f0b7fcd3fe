"""What answers and is no Realtime server gives one clear line, soon."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import pytest
from websockets.asyncio.server import Request, Response, ServerConnection, serve

from tui_assistant.conformance import peer
from tui_assistant.conformance.checks import find_wire
from tui_assistant.conformance.peer import NoRealtimeServerError, Peer
from tui_assistant.conformance.wire import BETA, GA, QWEN
from tui_assistant.errors import LinkError, UsageError
from tui_assistant.server.app import ServerOptions
from tui_assistant.testing.server import realtime_server

Behaviour = Callable[[ServerConnection], Awaitable[None]]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "OPEN_S", 0.6)


@asynccontextmanager
async def stranger(behaviour: Behaviour, status: int | None = None) -> AsyncIterator[str]:
    def refuse(connection: ServerConnection, request: Request) -> Response | None:
        return None if status is None else connection.respond(HTTPStatus(status), "\x1b[2Jhello\n")

    async with serve(behaviour, "127.0.0.1", 0, process_request=refuse, close_timeout=0.2) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/realtime"


@asynccontextmanager
async def tcp(greeting: bytes | None) -> AsyncIterator[str]:
    """Sends `greeting` and no more; None: takes all and says nothing."""

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if greeting is not None:
            writer.write(greeting)
            await writer.drain()
            writer.close()
        else:
            await reader.read()
            writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    async with server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/realtime"


def says(*frames: str | bytes) -> Behaviour:
    async def behaviour(socket: ServerConnection) -> None:
        for frame in frames:
            await socket.send(frame)
        await socket.wait_closed()

    return behaviour


async def closes(socket: ServerConnection) -> None:
    await socket.close(1008, "not you")


async def floods(socket: ServerConnection) -> None:
    while True:
        await socket.send('{"type": "ping"}')
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (closes, "it closed with 1008 not you"),
        (says(), "no session in"),
        (floods, "no session in"),
        (says("hello"), "it sends what is no JSON"),
        (says(b"\x00\xff\xfe"), "it sends what is no JSON"),
        (says("[" * 100_000), "it sends what is no JSON"),
        (says("[1, 2]"), "it sends JSON that is no event"),
        (says('{"type": 7}'), "it sends JSON that is no event"),
        (says('{"type": "session.created"}'), "no session in"),
        (says('{"type": "session.created", "session": "yes"}'), "no session in"),
    ],
    ids=["closes", "silent", "floods", "text", "binary", "deep", "list", "no-type", "no-session", "odd-session"],
)
async def test_a_stranger_that_speaks_websocket_is_named(behaviour: Behaviour, said: str) -> None:
    began = time.monotonic()
    async with stranger(behaviour) as url:
        with pytest.raises(NoRealtimeServerError) as raised:
            await find_wire(url)
    assert str(raised.value).startswith(f"no Realtime server at {url}: ")
    assert said in str(raised.value)
    assert raised.value.exit_status == 3
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("status", [200, 404, 500])
async def test_a_web_server_is_named(status: int) -> None:
    async with stranger(closes, status) as url:
        with pytest.raises(NoRealtimeServerError, match=f"it answers HTTP {status} and opens no WebSocket"):
            await find_wire(url)


@pytest.mark.parametrize(
    ("greeting", "said"),
    [(b"SSH-2.0-OpenSSH_9.2\r\n", "does not speak HTTP"), (b"", "does not speak HTTP"), (None, "no answer in")],
    ids=["ssh", "hangs-up", "silent"],
)
async def test_what_is_no_web_server_is_named(greeting: bytes | None, said: str) -> None:
    async with tcp(greeting) as url:
        with pytest.raises(NoRealtimeServerError, match=said):
            await find_wire(url)


@pytest.mark.parametrize(("status", "said"), [(401, "refuses the key"), (403, "refuses the key"), (503, "too busy")])
async def test_a_refusal_is_no_verdict(status: int, said: str) -> None:
    async with stranger(closes, status) as url:
        with pytest.raises(LinkError, match=said) as raised:
            await find_wire(url, "secret-token")
    assert raised.value.exit_status == 1
    assert "secret-token" not in str(raised.value)


async def test_a_wrong_token_is_named() -> None:
    with realtime_server(options=ServerOptions(port=0, token="right")) as url:
        with pytest.raises(LinkError, match=r"HTTP 401, .*\(--key-env names the variable"):
            await find_wire(url, "wrong")
        assert await find_wire(url, "right") is GA


async def test_an_error_in_place_of_a_session_is_passed_on() -> None:
    error = {"type": "error", "error": {"message": "no such model"}}
    async with stranger(says(json.dumps(error))) as url:
        with pytest.raises(LinkError, match="gives no session: no such model"):
            await find_wire(url)


@pytest.mark.parametrize("url", ["nonsense", "http://127.0.0.1:1/v1/realtime", "ws://", "ws://host:port/"])
async def test_what_is_no_url_is_a_wrong_call(url: str) -> None:
    with pytest.raises(UsageError, match="cannot open"):
        await find_wire(url)


async def test_nobody_there() -> None:
    with pytest.raises(LinkError, match=r"cannot open ws://127\.0\.0\.1:1/v1/realtime") as raised:
        await find_wire("ws://127.0.0.1:1/v1/realtime")
    assert raised.value.exit_status == 1


@pytest.mark.parametrize(
    ("session", "path", "wire"),
    [
        ({"type": "realtime", "audio": {}}, "/v1/realtime", GA),
        ({"turn_detection": None}, "/v1/realtime", BETA),
        ({"turn_detection": None}, "/api-ws/v1/realtime", QWEN),
    ],
    ids=lambda value: value.name if hasattr(value, "name") else "",
)
async def test_the_first_session_says_the_dialect(session: dict[str, Any], path: str, wire: object) -> None:
    async with stranger(says(json.dumps({"type": "session.created", "session": session}))) as url:
        assert await find_wire(url.replace("/v1/realtime", path)) is wire


async def test_a_server_may_wait_for_the_first_update() -> None:
    async def patient(socket: ServerConnection) -> None:
        update = json.loads(await socket.recv())
        await socket.send(json.dumps({"type": "session.updated", "session": update["session"]}))
        await socket.wait_closed()

    async with stranger(patient) as url, Peer(url, None, QWEN) as client:
        assert await client.greet() == {}
