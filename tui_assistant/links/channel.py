"""One session on one connection: its greeting, its dialect, and a bounded queue of what goes out."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tui_assistant.errors import RemoteProtocolError
from tui_assistant.links.names import Names
from tui_assistant.links.reasons import DownError, error_of, farewell, plain
from tui_assistant.links.sockets import ClosedError, Socket
from tui_assistant.links.traffic import TrafficMeter
from tui_assistant.links.vendors.endpoint import Endpoint
from tui_assistant.protocol import server
from tui_assistant.protocol.client import ClientEvent, SessionUpdate
from tui_assistant.protocol.dialects.quirks import BETA, QWEN
from tui_assistant.protocol.dialects.remote import RemoteAuto, RemoteDialect, RemoteFlat, RemoteGa
from tui_assistant.protocol.server import ServerEvent

GREETING_S = 3.0  # for session.created; some hosts say nothing before they are told something
MOST_WAITING_BYTES = 8 * 2**20  # of frames that the network has not taken: more than a minute of audio


@dataclass(frozen=True, slots=True)
class Wire:
    """What is counted over all sessions of a link."""

    counters: Counter[str]
    meter: TrafficMeter
    clock: Callable[[], float]  # of the meter


class Channel:
    """All calls come from one loop, `greet` first."""

    def __init__(self, socket: Socket, endpoint: Endpoint, wire: Wire, names: Names) -> None:
        self._socket = socket
        self._endpoint = endpoint
        self._wire = wire
        self._names = names
        self._dialect = _dialect(endpoint)
        self._frames: asyncio.Queue[str] = asyncio.Queue()  # bounded by its bytes, see `put`
        self._waiting_bytes = 0
        self._created = False
        self.greeting: list[ServerEvent] = []
        self.told = False  # the settings, by `greet`
        self.why = ""  # it was ended here

    async def greet(self, first: SessionUpdate) -> None:
        """Until the session may be told things. `first`: its settings. Raises DownError."""
        try:
            await self._greet(first)
        except BaseException:  # also when cancelled: no socket stays open behind it
            self.abort()
            raise

    def put(self, event: ClientEvent) -> int:
        """Queues an event; the bytes of its frame. What the network doesn't take for too long ends the connection."""
        frame = self._dialect.encode(self._names.write(event))
        if frame is None:
            return 0
        self._waiting_bytes += len(frame)
        if self._waiting_bytes > MOST_WAITING_BYTES:
            self._wire.counters["link_overflows"] += 1
            self.abort("the network takes nothing")  # as good as broken, and the audio is kept
            return 0
        self._frames.put_nowait(frame)
        return len(frame)

    async def send(self) -> None:
        """Sends what is queued, until it is cancelled or the connection ends."""
        try:
            while True:
                frame = await self._frames.get()
                await self._socket.send(frame)
                self._waiting_bytes -= len(frame)
                self._wire.meter.went(frame, self._wire.clock())
        except ClosedError:
            return  # whoever receives says so

    async def receive(self) -> list[ServerEvent]:
        """The events of the next frame. Raises DownError at the end of the connection."""
        try:
            return self._read(await self._socket.recv())
        except ClosedError as closed:
            if self.why:
                raise DownError(self.why) from None
            raise farewell(closed.code, self._endpoint.masked(closed.reason)) from None

    def abort(self, why: str = "") -> None:
        """Ends it at once; `receive` says why."""
        self.why = self.why or why
        self._socket.abort()

    async def close(self) -> None:
        await self._socket.close()

    async def _greet(self, first: SessionUpdate) -> None:
        where = self._endpoint.name
        if not self._endpoint.vendor.greets:
            self.put(first)
            self.told = True
        sending = asyncio.create_task(self.send())
        try:
            async with asyncio.timeout(GREETING_S):
                while not self._created:
                    for event in await self.receive():
                        if isinstance(event, server.ErrorEvent):
                            known = plain(event.error)
                            if not self.told or (known is not None and known.ends):
                                raise error_of(where, event.error)
                        self.greeting.append(event)
        except TimeoutError:
            return
        except DownError as error:
            error.args = (f"{where}: {error.message}",) if not error.message.startswith(where) else error.args
            error.message = error.args[0]
            raise
        finally:
            sending.cancel()

    def _read(self, frame: str | bytes) -> list[ServerEvent]:
        events: list[ServerEvent] = []
        try:
            events = self._dialect.decode(self._endpoint.masked(frame))
        except RemoteProtocolError:
            self._wire.counters["link_frames_unread"] += 1
        self._wire.meter.came(frame, events)
        return [self._names.read(each) for event in events for each in self._one_beginning(event)]

    def _one_beginning(self, event: ServerEvent) -> list[ServerEvent]:
        """session.created once, and before session.updated, however the server does it."""
        match event:
            case server.SessionCreated() if self._created:
                return []  # late: the updates since are in force
            case server.SessionCreated():
                self._created = True
            case server.SessionUpdated(session=session) if not self._created:
                self._created = True
                return [server.SessionCreated(session=session), event]
            case _:
                pass
        return [event]


def _dialect(endpoint: Endpoint) -> RemoteDialect:
    quirks = endpoint.vendor.quirks
    match endpoint.vendor.dialect:
        case "qwen":
            return RemoteFlat(QWEN, quirks)
        case "beta":
            return RemoteFlat(BETA, quirks)
        case "auto":
            return RemoteAuto(quirks)
        case _:
            return RemoteGa(quirks)
