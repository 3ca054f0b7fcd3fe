"""One client: its frames in, its session's events out."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from tui_assistant.errors import RemoteProtocolError
from tui_assistant.host.running_time import RunningTime
from tui_assistant.host.session import Session
from tui_assistant.host.session_host import SessionHost, wants_judge
from tui_assistant.host.worker import OnAnswer
from tui_assistant.host.workers import Port, Post
from tui_assistant.protocol.client import InputAudioBufferAppend
from tui_assistant.protocol.codec import client_event_id
from tui_assistant.protocol.dialects.base import Dialect
from tui_assistant.protocol.items import ErrorDetail
from tui_assistant.protocol.server import ErrorEvent, ResponseCreated, ResponseDone, ServerEvent
from tui_assistant.server.appends import feed_in_slices, plain_append
from tui_assistant.server.keepalive import until_silent
from tui_assistant.server.limits import CLOSE_S, LINGER_S, SLICE_CHARS
from tui_assistant.server.meter import Meter
from tui_assistant.server.metrics import Counters
from tui_assistant.server.outgoing import Outgoing

TICK_S = 0.1
TURN_S = 0.001  # of work on one client's frames; then the others have their turn. To change turns costs 10 us
SESSION_EXPIRED = "session_expired"  # the engine's last word
POLICY_VIOLATION, GOING_AWAY, NO_PONG = 1008, 1001, 1011  # close codes, the last as that of websockets' own keepalive
Farewell = tuple[int, str]  # close code and reason


class Connection:
    """Runs until the client goes, does not read, answers no ping, or the session expires."""

    def __init__(
        self,
        socket: ServerConnection,
        dialect: Dialect,
        session: Session,
        post: Post,
        counters: Counters,
        *,
        wake: Callable[[Port], bool] = lambda port: False,
    ) -> None:
        """`wake` starts a model that this session is going to ask."""
        self._socket = socket
        self._dialect = dialect
        self._post_on = post
        self._wake = wake
        self._meter = Meter(counters, session)
        self._outgoing = Outgoing(socket, dialect, self._meter.sent)
        self._host = SessionHost(session, self._post, on_event=self._put_out)
        self._responding: set[str] = set()
        self._expired = ""  # what the session said when it had lasted long enough

    @property
    def busy(self) -> bool:
        """A response runs, or events wait for the client."""
        return bool(self._responding) or not self._outgoing.empty

    async def run(self) -> int | None:
        """Returns the close code if it was the server that ended the session."""
        self._host.begin()
        jobs = [asyncio.create_task(job) for job in (self._read(), self._send(), self._watch(), self._ping())]
        try:
            done, _ = await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
            self._host.close()
            self._meter.look()
        farewell = next((said for job in done if (said := job.result()) is not None), None)
        if farewell is None:
            return None
        await self._leave(*farewell)
        return farewell[0]

    async def _leave(self, code: int, reason: str) -> None:
        """Closes; a client that reads nothing is given a while for the close code, then cut off."""
        # What it has sent and we have not taken is thrown away: its own close frame stands behind that, and a socket
        # that is closed with data unread is reset, which costs the client what it had yet to read, the code above all.
        discarding = asyncio.create_task(self._discard())
        linger_s = self._socket.close_timeout = LINGER_S if code == POLICY_VIOLATION else CLOSE_S
        try:
            async with asyncio.timeout(linger_s):
                await self._socket.close(code, reason)
        except TimeoutError:
            self._socket.transport.abort()
        finally:
            discarding.cancel()
            await asyncio.gather(discarding, return_exceptions=True)

    async def _discard(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await self._socket.recv()

    # ----------------------------------------------------------------------------------------------- the jobs

    async def _read(self) -> Farewell | None:
        worked_s = 0.0
        try:
            async for frame in self._socket:
                began = time.perf_counter()
                self._meter.taking()
                await self._receive(frame)
                self._meter.taken()
                await self._outgoing.room()
                worked_s += time.perf_counter() - began
                if worked_s > TURN_S:  # a client that sends without a pause must not keep the others waiting
                    worked_s = 0.0
                    await asyncio.sleep(0)
        except ConnectionClosed:
            pass  # the client has gone without a goodbye
        return None

    async def _send(self) -> Farewell | None:
        with contextlib.suppress(ConnectionClosed):
            await self._outgoing.run()
        return None

    async def _watch(self) -> Farewell | None:
        running = RunningTime(asyncio.get_running_loop().time)
        while not self._outgoing.stuck(now := running()):
            self._host.tick(round(now * 1000))
            self._meter.look()
            if self._expired:
                return await self._expire()
            await asyncio.sleep(TICK_S)
        return POLICY_VIOLATION, "events are not being read"

    async def _ping(self) -> Farewell | None:
        return (NO_PONG, "a ping was not answered") if await until_silent(self._socket) else None

    async def _expire(self) -> Farewell:
        """The error goes out before the close, if the client reads."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                while not self._outgoing.empty:  # noqa: ASYNC110  # once in an hour; an event would cost every send
                    await asyncio.sleep(0.01)
        return GOING_AWAY, self._expired

    # -------------------------------------------------------------------------------------------------- inside

    async def _receive(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            self._refuse(RemoteProtocolError("Binary frames are not part of the protocol.", code="invalid_event"))
            return
        if len(frame) > SLICE_CHARS and (append := plain_append(frame)) is not None:
            with contextlib.suppress(RemoteProtocolError):  # the dialect knows what is wrong with it
                await feed_in_slices(frame, self._host.feed, append.begin, append.end)
                return
        try:
            event = self._dialect.decode(frame)
        except RemoteProtocolError as error:
            self._refuse(error, client_event_id(frame))
            return
        if not isinstance(event, InputAudioBufferAppend) or len(event.audio) <= SLICE_CHARS:
            self._host.event(event)
            return
        try:
            await feed_in_slices(event.audio, self._host.feed)
        except RemoteProtocolError as error:
            self._refuse(error, event.event_id)

    def _refuse(self, error: RemoteProtocolError, event_id: str | None = None) -> None:
        detail = ErrorDetail(code=error.code, message=error.message, param=error.param, event_id=event_id)
        self._host.refuse(ErrorEvent(error=detail))

    def _put_out(self, event: ServerEvent) -> None:
        if isinstance(event, ResponseCreated):
            self._responding.add(event.response.id)
        elif isinstance(event, ResponseDone):
            self._responding.discard(event.response.id)
        elif isinstance(event, ErrorEvent) and event.error.code == SESSION_EXPIRED:
            self._expired = event.error.message
        elif wants_judge(event):
            self._wake(Port.JUDGE)
        self._outgoing.put(event, self._meter.put_out(event))

    def _post(self, ask: Any, on_answer: OnAnswer | None = None) -> None:  # Any: asks only pass through this room
        if on_answer is None:
            self._post_on(ask)
        else:
            self._post_on(ask, lambda answer: self._outgoing.when_room(partial(on_answer, answer)))
