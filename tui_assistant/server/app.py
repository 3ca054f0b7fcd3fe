"""The server: listens, checks who comes, and gives each client a session."""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from socket import socket as Socket  # noqa: N812  # websockets calls its connections sockets, too
from urllib.parse import parse_qs, urlsplit
from weakref import WeakSet

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request
from websockets.typing import Subprotocol

from tui_assistant.host.session import Session
from tui_assistant.host.workers import Port, WorkerEvent, WorkerPool, WorkerSpec, WorkerState
from tui_assistant.protocol.dialects.base import Dialect, Quirks
from tui_assistant.protocol.dialects.flat import Flat
from tui_assistant.protocol.dialects.ga import Ga
from tui_assistant.protocol.dialects.quirks import BETA, QWEN
from tui_assistant.protocol.session import SessionConfig
from tui_assistant.server.access import Access, in_url
from tui_assistant.server.board import Board, State
from tui_assistant.server.connection import GOING_AWAY, NO_PONG, POLICY_VIOLATION, Connection
from tui_assistant.server.gate import FULL, QWEN_PATH, Gate, offered
from tui_assistant.server.limits import (
    CLOSE_S,
    DRAIN_S,
    HANDSHAKE_S,
    MAX_FRAME_BYTES,
    MAX_SESSIONS,
    SESSION_S,
)
from tui_assistant.server.listening import bind, close
from tui_assistant.server.logs import fields, where
from tui_assistant.server.metrics import DISCONNECTED, MODEL_DEATHS, OTHER, SESSIONS_OPEN

# How clients of OpenAI's beta say so; browsers, which cannot set a header, by a subprotocol.
BETA_HEADER, BETA_VALUE, BETA_PROTOCOL = "OpenAI-Beta", "realtime=v1", "openai-beta.realtime-v1"
SUBPROTOCOL = Subprotocol("realtime")
INTERNAL_ERROR, TRY_AGAIN_LATER = 1011, 1013  # close codes
_REASONS = {POLICY_VIOLATION: "slow_reader", GOING_AWAY: "expired", NO_PONG: "no_pong"}
_SAID = {
    "ready": "a model is ready",
    "restarted": "a model works again",
    "instead": "another model takes the place of the one that was wanted",
    "died": "a model has ended unexpectedly",
    "failed": "a model cannot be had",
}

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
    max_sessions: int = MAX_SESSIONS  # over all workers
    metrics: bool = False  # GET /metrics is answered
    handshake_s: float = HANDSHAKE_S
    session_s: float = SESSION_S


@dataclass(frozen=True, slots=True)
class WorkerPlace:
    """What one of several processes is given: its slot of the board, and what it listens on."""

    number: int  # from 1
    board: Board
    sockets: Sequence[Socket]


class RealtimeServer:
    """Sessions of one process; they share the models, and nothing else."""

    def __init__(
        self, options: ServerOptions, specs: Mapping[Port, WorkerSpec], worker: WorkerPlace | None = None
    ) -> None:
        """`worker`: this is one of several processes."""
        self._options = options
        self._pool = WorkerPool(specs, on_event=self._tell, log=options.log)
        self._needed = [port for port, spec in specs.items() if not spec.lazy]
        self._judged = Port.JUDGE in specs
        self._numbers = itertools.count(1)
        self._listening = worker.sockets if worker else None
        self._board = worker.board if worker else Board(1)
        self._counters = self._board.slot(worker.number if worker else 1)
        self._gate = self._make_gate(Access(options.host, options.port))
        self._connections: set[Connection] = set()
        self._sockets: WeakSet[ServerConnection] = WeakSet()  # also those that are still being closed
        self._aborted = False
        self.url = ""

    @property
    def sessions(self) -> int:
        """Those of this process."""
        return len(self._connections)

    @property
    def slow_readers(self) -> int:
        """Clients that were disconnected because they did not read."""
        return round(self._counters.get(DISCONNECTED, "slow_reader"))

    async def drain(self) -> None:
        """Lets nobody in any more, and gives running responses up to DRAIN_S; returns at once when nothing runs."""
        self._gate.draining = True
        self._board.tell(self._counters, State.DRAINING)
        _log.info("draining", extra=fields(sessions=self.sessions))
        loop = asyncio.get_running_loop()
        deadline = loop.time() + DRAIN_S
        while self._busy and loop.time() < deadline:  # noqa: ASYNC110  # once
            await asyncio.sleep(0.02)

    @property
    def _busy(self) -> bool:
        return not self._aborted and any(connection.busy for connection in self._connections)

    def abort(self) -> None:
        """Ends what is still open at once, without a goodbye."""
        self._aborted = True
        for socket in list(self._sockets):
            socket.transport.abort()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[RealtimeServer]:
        """Listens inside the context; `url` says where. Raises UnavailableError when the address cannot be had."""
        options = self._options
        sockets = bind(options.host, options.port) if self._listening is None else self._listening
        try:
            port = sockets[0].getsockname()[1]
            self._gate = self._make_gate(
                Access(options.host, port, options.token, options.allow_hosts, options.allow_origins)
            )
            self.url = address(options.host, port)
            self._board.tell(self._counters, State.LOADING)
            await self._pool.start()
            self._look_at_models()
            servers = [await self._listen(each) for each in sockets]
            try:
                yield self
            finally:
                await self._close(servers)
        finally:
            close(sockets)
            await self._pool.close()

    def _make_gate(self, access: Access) -> Gate:
        options = self._options
        return Gate(access, self._board, self._counters, max_sessions=options.max_sessions, metrics=options.metrics)

    async def _listen(self, socket: Socket) -> Server:
        return await serve(
            self._converse,
            sock=socket,
            process_request=self._gate.admit,
            select_subprotocol=_choose_subprotocol,
            max_size=MAX_FRAME_BYTES,
            open_timeout=self._options.handshake_s,
            close_timeout=CLOSE_S,
            ping_interval=None,  # see keepalive.py
            compression=None,  # base64 of audio hardly shrinks, and a small frame could swell to a large one
            logger=_library_log,
        )

    async def _close(self, servers: Sequence[Server]) -> None:
        """Closes all connections with 1001, going away; who does not answer is cut off."""
        for server in servers:
            server.close()
        closed = asyncio.gather(*(server.wait_closed() for server in servers))
        try:
            async with asyncio.timeout(2 * CLOSE_S):
                await asyncio.shield(closed)
        except TimeoutError:
            self.abort()
            await closed

    async def _converse(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        dialect = _dialect(socket.request)
        # Random, so that nobody guesses another's; the counter keeps them apart in any case.
        session_id = f"sess_{next(self._numbers)}{secrets.token_hex(8)}"
        if not self._gate.enter():
            await socket.close(TRY_AGAIN_LATER, FULL)
            return
        began = time.monotonic()
        _log.info("a session has begun", extra=fields(session=session_id))
        code, failed = None, False
        try:
            self._sockets.add(socket)
            code = await self._run(socket, dialect, session_id)
        except Exception as error:  # noqa: BLE001  # a fault of one session must not end the others
            code, failed = INTERNAL_ERROR, True
            _log.error("a session has failed", extra=fields(error=type(error).__name__, where=where(error)))
            await socket.close(INTERNAL_ERROR, "the session failed")
        finally:
            self._counters.add(SESSIONS_OPEN, amount=-1)
            if code is not None:
                self._counters.add(DISCONNECTED, "failed" if failed else _REASONS.get(code, OTHER))
            seconds = round(time.monotonic() - began, 3)
            _log.info("a session has ended", extra=fields(session=session_id, seconds=seconds, closed_with=code))

    async def _run(self, socket: ServerConnection, dialect: Dialect, session_id: str) -> int | None:
        session = self._session(dialect, session_id)
        post = self._pool.scoped(session_id)
        connection = Connection(socket, dialect, session, post, self._counters, wake=self._pool.wake)
        self._connections.add(connection)
        try:
            code = await connection.run()
        finally:
            self._connections.discard(connection)
        if code == POLICY_VIOLATION:
            _log.warning("a client that read nothing was disconnected", extra=fields(session=session_id))
        return code

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

    # -------------------------------------------------------------------------------------------------- models

    def _look_at_models(self) -> None:
        states = {self._pool.state(port) for port in self._needed}
        if WorkerState.STARTING in states:
            self._board.tell(self._counters, State.LOADING)
        else:
            self._board.tell(self._counters, State.BROKEN if WorkerState.FAILED in states else State.READY)

    def _tell(self, event: WorkerEvent) -> None:
        """Each session hears of a model's fate as Failed answers; this is for who runs the server."""
        self._look_at_models()
        if event.kind == "died":
            self._counters.add(MODEL_DEATHS, event.port)
        bad = event.kind in ("failed", "died", "instead")
        said = fields(model=event.port, name=event.name, detail=event.message if bad else None)
        _log.log(logging.WARNING if bad else logging.INFO, _SAID[event.kind], extra=said)


def address(host: str, port: int) -> str:
    """Where clients of OpenAI's dialects connect to."""
    return f"ws://{in_url(host)}:{port}/v1/realtime"


def _dialect(request: Request) -> Dialect:
    """By the path, and on OpenAI's paths by what the beta's clients send."""
    url = urlsplit(request.path)
    query = parse_qs(url.query)
    explain = query.get("explain") == ["1"]
    if url.path == QWEN_PATH:
        return Flat(replace(QWEN, explain=explain))
    wanted = [value.strip() for line in request.headers.get_all(BETA_HEADER) for value in line.split(",")]
    if BETA_VALUE in wanted or BETA_PROTOCOL in offered(request.headers):
        return Flat(replace(BETA, explain=explain))
    only_words = query.get("intent") == ["transcription"]  # the service's URL of a transcription session
    return Ga(Quirks(explain=explain), SessionConfig(type="transcription" if only_words else "realtime"))


def _choose_subprotocol(connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """`realtime` if it is offered; never the one that carries the token."""
    return SUBPROTOCOL if SUBPROTOCOL in offered else None
