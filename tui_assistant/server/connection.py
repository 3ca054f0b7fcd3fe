"""One client: its frames in, its session's events out."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from tui_assistant.errors import RemoteProtocolError
from tui_assistant.host.session import Session
from tui_assistant.host.session_host import SessionHost
from tui_assistant.host.workers import Post
from tui_assistant.protocol.codec import client_event_id
from tui_assistant.protocol.dialects.base import Dialect
from tui_assistant.protocol.items import ErrorDetail
from tui_assistant.protocol.server import ErrorEvent, ServerEvent
from tui_assistant.server.limits import SEND_S

TICK_S = 0.1


class Connection:
    """Runs until the client goes, or `close` is called."""

    def __init__(self, socket: ServerConnection, dialect: Dialect, session: Session, post: Post) -> None:
        self._socket = socket
        self._dialect = dialect
        self._host = SessionHost(session, post, on_event=self._queue_event)
        self._queue: deque[str] = deque()
        self._waiting = asyncio.Event()

    async def run(self) -> None:
        self._host.begin()
        tasks = [asyncio.create_task(job) for job in (self._send(), self._tick())]
        try:
            async for frame in self._socket:
                self._receive(frame)
                await asyncio.sleep(0)  # a client that sends without a pause must not keep the others waiting
        except ConnectionClosed:
            pass  # the client has gone without a goodbye
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._host.close()

    def _receive(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            self._refuse(RemoteProtocolError("Binary frames are not part of the protocol.", code="invalid_event"))
            return
        try:
            event = self._dialect.decode(frame)
        except RemoteProtocolError as error:
            self._refuse(error, client_event_id(frame))
        else:
            self._host.event(event)

    def _refuse(self, error: RemoteProtocolError, event_id: str | None = None) -> None:
        detail = ErrorDetail(code=error.code, message=error.message, param=error.param, event_id=event_id)
        self._host.refuse(ErrorEvent(error=detail))

    def _queue_event(self, event: ServerEvent) -> None:
        self._queue.append(self._dialect.encode(event))
        self._waiting.set()

    async def _send(self) -> None:
        while True:
            await self._waiting.wait()
            self._waiting.clear()
            while self._queue:
                try:
                    await asyncio.wait_for(self._socket.send(self._queue.popleft()), SEND_S)
                except TimeoutError:
                    with contextlib.suppress(ConnectionClosed):
                        await self._socket.close(1008, "events are not being read")
                    return
                except ConnectionClosed:
                    return
                # What the client has sent meanwhile, a cancel above all, is handled before the next event goes out.
                await asyncio.sleep(0)

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(TICK_S)
            self._host.tick(round(loop.time() * 1000))
