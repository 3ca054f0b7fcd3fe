"""The server: listens, checks who comes, and gives each client a session."""

from __future__ import annotations

import http
import itertools
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from tui_assistant.errors import UnavailableError
from tui_assistant.host.session import Session
from tui_assistant.host.workers import Port, WorkerEvent, WorkerPool, WorkerSpec
from tui_assistant.protocol.dialects.base import Dialect, Quirks
from tui_assistant.protocol.dialects.ga import Ga
from tui_assistant.server.access import Access
from tui_assistant.server.connection import Connection
from tui_assistant.server.limits import CLOSE_S, HANDSHAKE_S, MAX_FRAME_BYTES, MAX_SESSIONS, PING_S, PONG_S

GA_PATHS = ("/v1/realtime", "/realtime")
HEALTH_PATH = "/healthz"
SUBPROTOCOL = Subprotocol("realtime")


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """`port` 0 picks a free one."""

    host: str = "127.0.0.1"
    port: int = 8771
    token: str | None = None
    allow_hosts: frozenset[str] = frozenset()
    allow_origins: frozenset[str] = frozenset()
    detector: str = "silero"
    log: Path | None = None


class RealtimeServer:
    """Sessions of one process; they share the workers, and nothing else."""

    def __init__(self, options: ServerOptions, specs: Mapping[Port, WorkerSpec]) -> None:
        self._options = options
        self._pool = WorkerPool(specs, on_event=_unheard, log=options.log)
        self._numbers = itertools.count(1)
        self._access = Access(options.host, options.port)
        self.sessions = 0
        self.url = ""

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
                self.url = f"ws://{options.host}:{port}/v1/realtime"
                yield self
            finally:
                server.close()  # with 1001, going away
                await server.wait_closed()
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
                open_timeout=HANDSHAKE_S,
                close_timeout=CLOSE_S,
                ping_interval=PING_S,
                ping_timeout=PONG_S,
            )
        except OSError as error:
            hint = "choose another --port, or 0 for a free one"
            message = f"cannot listen on {options.host}:{options.port}: {error.strerror or error}"
            raise UnavailableError(message, hint) from None

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        path = urlsplit(request.path).path
        headers = request.headers
        if path == HEALTH_PATH:
            return connection.respond(http.HTTPStatus.OK, "ok\n")
        refusal = self._access.refusal(
            host=headers.get("Host"),
            origin=headers.get("Origin"),
            authorization=headers.get("Authorization"),
            protocols=_offered(headers),
        )
        if refusal is not None:
            return connection.respond(http.HTTPStatus(refusal.status), refusal.reason + "\n")
        if path not in GA_PATHS:
            return connection.respond(http.HTTPStatus.NOT_FOUND, f"the paths are {', '.join(GA_PATHS)}\n")
        if self.sessions >= MAX_SESSIONS:
            return connection.respond(http.HTTPStatus.SERVICE_UNAVAILABLE, "too many sessions; try again later\n")
        return None

    async def _converse(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        query = parse_qs(urlsplit(socket.request.path).query)
        dialect: Dialect = Ga(Quirks(explain=query.get("explain") == ["1"]))
        # Random, so that nobody guesses another's; the counter keeps them apart in any case.
        session_id = f"sess_{next(self._numbers)}{secrets.token_hex(8)}"
        session = Session(vad=self._options.detector, session_id=session_id)
        self.sessions += 1
        try:
            await Connection(socket, dialect, session, self._pool.scoped(session_id)).run()
        finally:
            self.sessions -= 1


def _offered(headers: Headers) -> list[str]:
    return [name.strip() for value in headers.get_all("Sec-WebSocket-Protocol") for name in value.split(",")]


def _choose_subprotocol(connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """`realtime` if it is offered; never the one that carries the token."""
    return SUBPROTOCOL if SUBPROTOCOL in offered else None


def _unheard(event: WorkerEvent) -> None:
    """A worker's fate reaches each session as Failed answers."""
