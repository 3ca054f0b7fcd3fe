"""The conversation runs on a server: events over a WebSocket, which may break and is then opened again."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import random
import time
from collections.abc import Callable

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from tui_assistant.errors import LinkError, RemoteProtocolError
from tui_assistant.links.base import LinkEvents, LinkStatus
from tui_assistant.links.kept import Kept
from tui_assistant.links.traffic import Meter, Traffic
from tui_assistant.links.vendors.endpoint import Endpoint
from tui_assistant.protocol import client, server
from tui_assistant.protocol.client import ClientEvent
from tui_assistant.protocol.dialects.quirks import BETA, QWEN
from tui_assistant.protocol.dialects.remote import RemoteAuto, RemoteDialect, RemoteFlat, RemoteGa
from tui_assistant.protocol.items import JsonObject
from tui_assistant.protocol.server import ServerEvent

CONNECT_S = 5.0
GREETING_S = 3.0  # for session.created; some hosts say nothing before they are told something
PING_S, PONG_S = 1.5, 2.5  # with CLOSE_S a dead peer is noticed within 4.5 s
CLOSE_S = 0.5
LEAST_WAIT_S, MOST_WAIT_S = 0.25, 15.0  # between two tries
BLOCK_MS = 100  # of audio in one event: what the services recommend
MOST_FRAME_BYTES = 32 * 2**20
MOST_WAITING_BYTES = 8 * 2**20  # of frames that the network has not taken: more than a minute of audio
FINAL = (401, 403, 404)  # trying again would not help

# The library logs headers, so the key, at DEBUG.
_log = logging.getLogger(__name__)
_log.setLevel(logging.CRITICAL)


class WebSocketLink:
    """A Realtime server of OpenAI's or Qwen's kind."""

    observes = False
    fine = False

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        session: JsonObject | None = None,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`session`: what every session is told first, e.g. instructions and voice, in GA's form."""
        self._endpoint = endpoint
        self._vendor = endpoint.vendor
        self.name = endpoint.name
        self.input_rate = self._vendor.input_rate
        self.output_rate = self._vendor.output_rate
        self._meter = Meter(endpoint.host, self.input_rate, self.output_rate, leaves=endpoint.leaves)
        self._clock = clock
        self._chance = chance
        self._kept = Kept(self.input_rate)
        for patch in (_formats(endpoint), session or {}):
            self._kept.sent(client.SessionUpdate(session={"type": "realtime", **patch}))
        self._events = LinkEvents(lambda event: None, lambda observation: None, lambda status: None)
        self._socket: ClientConnection | None = None
        self._dialect: RemoteDialect = RemoteGa()
        self._frames: asyncio.Queue[str] = asyncio.Queue()
        self._waiting_bytes = 0
        self._up = False  # a session takes what we send
        self._block = bytearray()
        self._running: asyncio.Task[None] | None = None
        self._counters = {"link_frames_unread": 0, "link_audio_dropped_ms": 0}

    # -------------------------------------------------------------------------------------------------- Link

    async def open(self, events: LinkEvents) -> None:
        """Raises LinkError when there is no session: it is the first try, and nothing is lost with it."""
        self._events = events
        events.status(LinkStatus(False, "connecting"))
        await self._connect()
        if self._endpoint.leaves:
            events.status(LinkStatus(True, "ready", f"↗ What you say is sent to {self._endpoint.host}.", "warning"))
        self._running = asyncio.create_task(self._run())

    def send(self, event: ClientEvent) -> None:
        self._flush_block()
        self._kept.sent(event)
        if self._up:
            self._put(event)

    def feed(self, pcm: bytes) -> None:
        if not self._up:
            self._kept.waiting(pcm)
            return
        self._kept.fed(pcm)
        self._block += pcm
        size = self.input_rate * BLOCK_MS // 1000 * 2
        while len(self._block) >= size:
            self._append(bytes(self._block[:size]))
            del self._block[:size]

    async def ready(self) -> None:
        """A session is there once `open` has returned."""

    @property
    def counters(self) -> dict[str, int]:
        self._counters["link_audio_dropped_ms"] = self._kept.dropped_ms
        return {name: count for name, count in self._counters.items() if count}

    def traffic(self) -> Traffic:
        """What has really gone over the wire so far."""
        return self._meter.traffic(self._clock())

    async def close(self) -> None:
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running
        await self._hang_up()

    # ------------------------------------------------------------------------------------------ the connection

    async def _run(self) -> None:
        """Until `close`: one connection after the other."""
        while True:
            why = await self._converse()
            self._break(why)
            await self._hang_up()
            if not await self._reconnect():
                return

    async def _reconnect(self) -> bool:
        """Full jitter, so that a thousand clients do not come back at once. False: it is of no use any more."""
        most = 4 * LEAST_WAIT_S  # the first wait is at most a second
        while True:
            await asyncio.sleep(LEAST_WAIT_S + self._chance() * (most - LEAST_WAIT_S))
            most = min(MOST_WAIT_S, most * 2)
            try:
                await self._connect()
            except LinkError as error:
                if error.final:
                    self._events.status(LinkStatus(False, "refused", str(error), "error", lost=True))
                    return False
                continue
            self._events.status(LinkStatus(True, "ready", "The link is there again.", "information"))
            return True

    async def _connect(self) -> None:
        """Opens the connection and says what a new session has to know. Raises LinkError."""
        where = self._endpoint.name
        try:
            self._socket = await connect(
                self._endpoint.url,
                additional_headers=dict(self._endpoint.headers),
                open_timeout=CONNECT_S,
                close_timeout=CLOSE_S,
                ping_interval=PING_S,
                ping_timeout=PONG_S,
                max_size=MOST_FRAME_BYTES,
                logger=_log,
                proxy=True if self._endpoint.leaves else None,
            )
        except InvalidStatus as error:
            raise _refused(where, error.response.status_code) from None
        except TimeoutError:
            raise LinkError(f"{where}: no answer in {CONNECT_S:.0f} s") from None
        except (OSError, WebSocketException, EOFError) as error:
            raise LinkError(
                f"{where}: cannot connect: {_words(error)}", "is the address right and the server running?"
            ) from None
        self._dialect = _dialect(self._endpoint)
        self._frames, self._waiting_bytes = asyncio.Queue(), 0
        await self._greet()
        for each in self._kept.again():
            if isinstance(each, bytes):
                self._append(each)
            else:
                self._put(each)
        self._up = True
        self._events.status(LinkStatus(True, "ready"))

    async def _greet(self) -> None:
        """session.created, if the server says it without being asked. Raises LinkError where it says no."""
        assert self._socket is not None
        try:
            async with asyncio.timeout(GREETING_S):
                while True:
                    for event in self._read(await self._socket.recv()):
                        if isinstance(event, server.ErrorEvent):
                            raise LinkError(f"{self._endpoint.name}: no session: {event.error.message}")
                        self._pass_on(event)
                        if isinstance(event, server.SessionCreated):
                            return
        except TimeoutError:
            return
        except ConnectionClosed as closed:
            raise LinkError(f"{self._endpoint.name}: {_farewell(closed)}") from None

    async def _converse(self) -> str:
        """Both directions, until the connection ends; why it did."""
        assert self._socket is not None
        sender = asyncio.create_task(self._send(self._socket))
        try:
            async for frame in self._socket:
                for event in self._read(frame):
                    self._pass_on(event)
            return "the server ended the session"
        except ConnectionClosed as closed:
            return _farewell(closed)
        finally:
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionClosed):
                await sender

    async def _send(self, socket: ClientConnection) -> None:
        while True:
            frame = await self._frames.get()
            self._waiting_bytes -= len(frame)
            await socket.send(frame)
            self._meter.went(frame, self._clock())

    async def _hang_up(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            with contextlib.suppress(OSError, WebSocketException):
                await socket.close()

    def _break(self, why: str) -> None:
        """The session is gone: the conversation is told what nobody answers any more."""
        self._up = False
        self._block.clear()  # it is kept too
        lost = self._kept.lost
        for event in self._kept.broke():
            self._events.server_event(event)
        told = f"The link broke: {why}. Trying again; what you say is kept."
        if lost:
            told += " Your last turn was not answered: say it again."
        self._events.status(LinkStatus(False, "reconnecting", told, "warning"))

    # -------------------------------------------------------------------------------------------------- events

    def _read(self, frame: str | bytes) -> list[ServerEvent]:
        events: list[ServerEvent] = []
        try:
            events = self._dialect.decode(frame)
        except RemoteProtocolError:
            self._counters["link_frames_unread"] += 1
        self._meter.came(frame, events)
        return events

    def _pass_on(self, event: ServerEvent) -> None:
        if self._kept.received(event):
            self._events.server_event(event)

    def _flush_block(self) -> None:
        """What has been fed comes before what is sent behind it."""
        if self._block and self._up:
            self._append(bytes(self._block))
        self._block.clear()

    def _append(self, pcm: bytes) -> None:
        self._put(client.InputAudioBufferAppend(audio=base64.b64encode(pcm).decode("ascii")))

    def _put(self, event: ClientEvent) -> None:
        frame = self._dialect.encode(event)
        if frame is None:
            return
        self._waiting_bytes += len(frame)
        if self._waiting_bytes > MOST_WAITING_BYTES and self._socket is not None:
            self._socket.transport.abort()  # the network takes nothing: as good as broken, and the audio is kept
            return
        self._frames.put_nowait(frame)


def _formats(endpoint: Endpoint) -> JsonObject:
    def pcm(rate: int) -> JsonObject:
        return {"format": {"type": "audio/pcm", "rate": rate}}

    return {"audio": {"input": pcm(endpoint.vendor.input_rate), "output": pcm(endpoint.vendor.output_rate)}}


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


def _refused(where: str, status: int) -> LinkError:
    if status in (401, 403):
        error = LinkError(f"{where}: HTTP {status}, the key is refused", "is it the right key, and for this service?")
    elif status == 404:
        error = LinkError(f"{where}: HTTP 404, there is no such address or model", "check the URL and [link] model")
    elif status == 429:
        return LinkError(f"{where}: HTTP 429, too many requests or no quota left", "look at the service's console")
    else:
        return LinkError(f"{where}: HTTP {status} instead of a WebSocket")
    error.final = True
    return error


def _words(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())[:120]


def _farewell(closed: ConnectionClosed) -> str:
    frame = closed.rcvd
    if frame is None:
        return "the connection broke"
    return f"it closed with {frame.code} {frame.reason}".rstrip()
