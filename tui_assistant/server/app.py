"""The server: listens, checks who comes, and gives each client a session."""

from __future__ import annotations

import asyncio
import http
import itertools
import logging
import secrets
import time
import traceback
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from weakref import WeakSet

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from tui_assistant.errors import UnavailableError
from tui_assistant.host.session import Session
from tui_assistant.host.workers import Port, WorkerEvent, WorkerPool, WorkerSpec
from tui_assistant.protocol.dialects.base import Dialect, Quirks
from tui_assistant.protocol.dialects.flat import Flat
from tui_assistant.protocol.dialects.ga import Ga
from tui_assistant.protocol.dialects.quirks import BETA, QWEN
from tui_assistant.server.access import Access, in_url
from tui_assistant.server.connection import POLICY_VIOLATION, Connection
from tui_assistant.server.limits import (
    CLOSE_S,
    DRAIN_S,
    HANDSHAKE_S,
    MAX_FRAME_BYTES,
    MAX_SESSIONS,
    PING_S,
    PONG_S,
    SESSION_S,
)

OPENAI_PATHS = ("/v1/realtime", "/realtime")
QWEN_PATH = "/api-ws/v1/realtime"
PATHS = (*OPENAI_PATHS, QWEN_PATH)
# How clients of OpenAI's beta say so; browsers, which cannot set a header, by a subprotocol.
BETA_HEADER, BETA_VALUE, BETA_PROTOCOL = "OpenAI-Beta", "realtime=v1", "openai-beta.realtime-v1"
HEALTH_PATH = "/healthz"
SUBPROTOCOL = Subprotocol("realtime")
INTERNAL_ERROR, TRY_AGAIN_LATER = 1011, 1013  # close codes

_log = logging.getLogger(__name__)
# The library logs headers, so the token, at DEBUG, and a traceback for every handshake that somebody breaks off.
_library_log = logging.getLogger(f"{__name__}.websockets")
_library_log.setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """`port` 0 picks a free one."""

    host: str = "127.0.0.1"
    port: int = 8771
    token: str | None = None
    allow_hosts: frozenset[str] = frozenset()
    allow_origins: frozenset[str] = frozenset()
    detector: str = "silero"
    speculate: bool = False  # answers are prepared for clients that leave them to us
    log: Path | None = None
    max_sessions: int = MAX_SESSIONS
    handshake_s: float = HANDSHAKE_S
    session_s: float = SESSION_S


class RealtimeServer:
    """Sessions of one process; they share the workers, and nothing else."""

    def __init__(self, options: ServerOptions, specs: Mapping[Port, WorkerSpec]) -> None:
        self._options = options
        self._pool = WorkerPool(specs, on_event=_tell, log=options.log)
        self._judged = Port.JUDGE in specs
        self._numbers = itertools.count(1)
        self._access = Access(options.host, options.port)
        self._connections: set[Connection] = set()
        self._sockets: WeakSet[ServerConnection] = WeakSet()  # also those that are still being closed
        self._draining = False
        self.slow_readers = 0  # disconnected because they did not read
        self.url = ""

    @property
    def sessions(self) -> int:
        return len(self._connections)

    async def drain(self) -> None:
        """Lets nobody in any more, and gives running responses up to DRAIN_S; returns at once when nothing runs."""
        self._draining = True
        loop = asyncio.get_running_loop()
        deadline = loop.time() + DRAIN_S
        while any(connection.busy for connection in self._connections) and loop.time() < deadline:  # noqa: ASYNC110  # once
            await asyncio.sleep(0.02)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[RealtimeServer]:
        """Listens inside the context; `url` says where. Raises UnavailableError when the address cannot be had."""
        options = self._options
        await self._pool.start()
        try:
            server = await self._listen(options)
            try:
                port = server.sockets[0].getsockname()[1]
                self._access = Access(options.host, port, options.token, options.allow_hosts, options.allow_origins)
                self.url = f"ws://{in_url(options.host)}:{port}/v1/realtime"
                yield self
            finally:
                await _close(server, self._sockets)
        finally:
            await self._pool.close()

    async def _listen(self, options: ServerOptions) -> Server:
        try:
            return await serve(
                self._converse,
                options.host.strip("[]"),
                options.port,
                process_request=self._admit,
                select_subprotocol=_choose_subprotocol,
                max_size=MAX_FRAME_BYTES,
                open_timeout=options.handshake_s,
                close_timeout=CLOSE_S,
                ping_interval=PING_S,
                ping_timeout=PONG_S,
                compression=None,  # base64 of audio hardly shrinks, and a small frame could swell to a large one
                logger=_library_log,
            )
        except OSError as error:
            hint = "choose another --port, or 0 for a free one"
            message = f"cannot listen on {options.host}:{options.port}: {error.strerror or error}"
            raise UnavailableError(message, hint) from None

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        path = request.path.partition("?")[0]
        headers = request.headers
        if path == HEALTH_PATH:
            return connection.respond(http.HTTPStatus.OK, "ok\n")
        for name in ("Host", "Origin", "Authorization"):
            if len(headers.get_all(name)) > 1:
                return connection.respond(http.HTTPStatus.BAD_REQUEST, f"more than one {name}\n")
        refusal = self._access.refusal(
            host=headers.get("Host"),
            origin=headers.get("Origin"),
            authorization=headers.get("Authorization"),
            protocols=_offered(headers),
        )
        if refusal is not None:
            return connection.respond(http.HTTPStatus(refusal.status), refusal.reason + "\n")
        if path not in PATHS:
            return connection.respond(http.HTTPStatus.NOT_FOUND, f"the paths are {', '.join(PATHS)}\n")
        if self._draining:
            return connection.respond(http.HTTPStatus.SERVICE_UNAVAILABLE, "the server is ending\n")
        if self.sessions >= self._options.max_sessions:
            return connection.respond(http.HTTPStatus.SERVICE_UNAVAILABLE, "too many sessions; try again later\n")
        return None

    async def _converse(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        dialect = _dialect(socket.request)
        # Random, so that nobody guesses another's; the counter keeps them apart in any case.
        session_id = f"sess_{next(self._numbers)}{secrets.token_hex(8)}"
        if self.sessions >= self._options.max_sessions:  # others have come in while this one shook hands
            await socket.close(TRY_AGAIN_LATER, "too many sessions; try again later")
            return
        session = self._session(dialect, session_id)
        connection = Connection(socket, dialect, session, self._pool.scoped(session_id), wake=self._pool.wake)
        self._connections.add(connection)
        self._sockets.add(socket)
        try:
            if await connection.run() == POLICY_VIOLATION:
                self.slow_readers += 1
                _log.warning("a client that read nothing was disconnected")
        except Exception as error:  # noqa: BLE001  # a fault of one session must not end the others
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.lineno}"  # without the message: it may quote what was said
            _log.error("a session failed: %s in %s", type(error).__name__, where)
            await socket.close(INTERNAL_ERROR, "the session failed")
        finally:
            self._connections.discard(connection)

    def _session(self, dialect: Dialect, session_id: str) -> Session:
        lasts_s = self._options.session_s
        return Session(
            dialect.config,
            vad=self._options.detector,
            session_id=session_id,
            judge=self._judged,
            max_ms=round(lasts_s * 1000),
            expires_at=round(time.time() + lasts_s),
            speculate="answered" if self._options.speculate else "never",
        )


async def _close(server: Server, sockets: Iterable[ServerConnection]) -> None:
    """Closes all connections with 1001, going away; who does not answer is cut off."""
    server.close()
    try:
        async with asyncio.timeout(2 * CLOSE_S):
            await asyncio.shield(server.wait_closed())
    except TimeoutError:
        for socket in list(sockets):
            socket.transport.abort()
        await server.wait_closed()


def _dialect(request: Request) -> Dialect:
    """By the path, and on OpenAI's paths by what the beta's clients send."""
    url = urlsplit(request.path)
    explain = parse_qs(url.query).get("explain") == ["1"]
    if url.path == QWEN_PATH:
        return Flat(replace(QWEN, explain=explain))
    wanted = [value.strip() for line in request.headers.get_all(BETA_HEADER) for value in line.split(",")]
    if BETA_VALUE in wanted or BETA_PROTOCOL in _offered(request.headers):
        return Flat(replace(BETA, explain=explain))
    return Ga(Quirks(explain=explain))


def _offered(headers: Headers) -> list[str]:
    return [name.strip() for value in headers.get_all("Sec-WebSocket-Protocol") for name in value.split(",")]


def _choose_subprotocol(connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """`realtime` if it is offered; never the one that carries the token."""
    return SUBPROTOCOL if SUBPROTOCOL in offered else None


def _tell(event: WorkerEvent) -> None:
    """Each session hears of a worker's fate as Failed answers; this is for who runs the server."""
    _log.log(logging.WARNING if event.kind in ("failed", "died", "instead") else logging.INFO, "%s", event.message)
