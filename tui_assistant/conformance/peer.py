"""A plain client for the checks: sends events, collects what comes."""

from __future__ import annotations

import asyncio
import base64
import errno
import json
import os
import time
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidStatus,
    InvalidURI,
    WebSocketException,
)

from tui_assistant.conformance.wire import Event, Wire
from tui_assistant.errors import LinkError, UsageError

BLOCK_MS = 100  # what the services recommend; fewer events leave a loaded server more time
OPEN_S = 10.0
CLOSE_S = 1.0  # some servers leave a close frame unanswered
MAX_FRAME_BYTES = 64 * 2**20  # of one event: ten minutes of audio are less
REPLY_S = 20.0  # of a server that has much to do
SETTLE_S = 0.3  # for what a server does beside its queue of events


class NoRealtimeServerError(LinkError):
    """Something answers at the URL, and it is no Realtime server: no row is kept."""

    exit_status = 3


class BrokenOffError(Exception):
    """The server has closed the connection, or sent what is no event; the text says which."""


class Peer:
    """One session of the server under test."""

    def __init__(self, url: str, token: str | None, wire: Wire) -> None:
        self._url = url
        self.wire = wire
        self._headers = {**wire.headers, **({"Authorization": f"Bearer {token}"} if token else {})}
        self._socket: ClientConnection | None = None
        self.events: list[Event] = []  # in GA's words
        self.written_ms = 0  # audio appended so far: the clock of audio_start_ms and audio_end_ms

    async def __aenter__(self) -> Self:
        """Raises UsageError for what is no URL of a WebSocket, LinkError when nobody or somebody else answers."""
        try:
            self._socket = await connect(
                self._url,
                additional_headers=self._headers,
                max_size=MAX_FRAME_BYTES,
                open_timeout=OPEN_S,
                close_timeout=CLOSE_S,
                proxy=None,
            )
        except (InvalidURI, ValueError):
            raise UsageError(f"cannot open {self._url}: it is no WebSocket URL", "ws://HOST:PORT/PATH") from None
        except InvalidStatus as error:
            raise self._refused(error.response.status_code) from None
        except (InvalidMessage, EOFError):
            raise self._other("what answers does not speak HTTP") from None
        except InvalidHandshake as error:
            raise self._other(f"it opens no WebSocket: {error}") from None
        except TimeoutError:
            raise self._other(f"no answer in {OPEN_S:.0f} s") from None
        except (OSError, WebSocketException) as error:
            hint = "is the server running?" if self._url.startswith("ws:") else "is the server running, and with TLS?"
            raise LinkError(f"cannot open {self._url}: {_reason(error)}", hint) from None
        return self

    def _refused(self, status: int) -> LinkError:
        if status in (401, 403):
            hint = "--key-env names the variable that holds the server's key or token"
            return LinkError(f"cannot open {self._url}: HTTP {status}, the server refuses the key or its absence", hint)
        if status in (429, 503):
            return LinkError(f"cannot open {self._url}: HTTP {status}, the server is too busy", "try again later")
        return self._other(f"it answers HTTP {status} and opens no WebSocket")

    def _other(self, why: str) -> NoRealtimeServerError:
        return NoRealtimeServerError(f"no Realtime server at {self._url}: {why}", "check the URL, the path too")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._socket is not None:
            await self._socket.close()

    async def greet(self) -> Event:
        """The session that the server begins with. Raises NoRealtimeServerError when it shows none."""
        try:
            event = await self.wait("session.created", "error", seconds=OPEN_S / 2)
            if not event:  # "nothing until the client sends session.update": a host of Qwen
                await self.send("session.update", session=self.wire.unchanged)
                event = await self.wait("session.created", "session.updated", "error", seconds=OPEN_S / 2)
        except (BrokenOffError, LookupError, TypeError, AttributeError) as error:
            raise self._other(str(error) if isinstance(error, BrokenOffError) else "it sends no events") from None
        if event.get("type") == "error":
            raise LinkError(f"{self._url} gives no session: {_message(event)}", "check the key and the model")
        if not isinstance(event.get("session"), dict):
            raise self._other(f"no session in {OPEN_S:.0f} s")
        session: Event = event["session"]
        return session

    # ------------------------------------------------------------------------------------------------ what is said

    async def send(self, type: str, **fields: Any) -> None:
        assert self._socket is not None
        try:
            await self._socket.send(json.dumps({"type": type, **fields}))
        except ConnectionClosed as closed:
            raise BrokenOffError(_farewell(closed)) from None

    async def configure(self, turn_detection: Any) -> Event:
        """Sets turn_detection; the answer: session.updated, an error, or {} when none comes."""
        await self.send("session.update", session=self.wire.update(turn_detection))
        return await self.wait("session.updated", "error")

    async def settle(self) -> None:
        """Until the server has done all that was sent: an empty update is answered behind it."""
        await self.send("session.update", session=self.wire.unchanged)
        await self.wait("session.updated", "error")
        await self.listen(SETTLE_S)

    async def ask(self) -> None:
        """Asks for a long answer by text and does not wait for it."""
        content = [{"type": "input_text", "text": "help"}]
        await self.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
        await self.send("response.create")

    def silence(self, ms: int) -> bytes:
        return bytes(self.wire.rate * ms // 1000 * 2)

    def length_ms(self, pcm: bytes) -> int:
        return len(pcm) // 2 * 1000 // self.wire.rate

    async def speak(self, pcm: bytes, *, at_once: bool = False, paced: bool = False) -> None:
        """Appends int16 mono at the wire's rate in blocks or in one event, as fast as the server takes it.

        `paced`: as fast as somebody speaks.
        """
        due = time.monotonic()
        block = len(pcm) if at_once else self.wire.rate * BLOCK_MS // 1000 * 2
        self.written_ms += self.length_ms(pcm)
        for begin in range(0, len(pcm), block):
            audio = base64.b64encode(pcm[begin : begin + block]).decode()
            await self.send("input_audio_buffer.append", audio=audio)
            if paced:
                due += BLOCK_MS / 1000
                await asyncio.sleep(max(0, due - time.monotonic()))

    # ------------------------------------------------------------------------------------------------- what comes

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.events]

    def of(self, type: str, since: int = 0) -> list[Event]:
        """The events of a type so far, from the index `since` on."""
        return [event for event in self.events[since:] if event["type"] == type]

    async def wait(self, *types: str, seconds: float = REPLY_S) -> Event:
        """The next event of one of `types`; {} when none comes in time. Raises BrokenOffError."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            event = await self._receive(left)
            if event is not None and event["type"] in types:
                return event
        return {}

    async def listen(self, seconds: float) -> None:
        """Collects what comes in the next `seconds`."""
        await self.wait(seconds=seconds)

    async def _receive(self, seconds: float) -> Event | None:
        assert self._socket is not None
        try:
            event = json.loads(await asyncio.wait_for(self._socket.recv(), seconds))
        except TimeoutError:
            return None
        except ConnectionClosed as closed:
            raise BrokenOffError(_farewell(closed)) from None
        except (ValueError, RecursionError):
            raise BrokenOffError("it sends what is no JSON") from None
        if not isinstance(event, dict) or not isinstance(event.get("type"), str):
            raise BrokenOffError("it sends JSON that is no event")
        self.events.append(self.wire.read(event))
        return self.events[-1]


def _farewell(closed: ConnectionClosed) -> str:
    frame = closed.rcvd
    return "the connection broke" if frame is None else f"it closed with {frame.code} {frame.reason}".rstrip()


def _message(event: Event) -> str:
    error = event.get("error")
    return str(error.get("message") if isinstance(error, dict) else error)


def _reason(error: Exception) -> str:
    """Without asyncio's own words: "Connect call failed ('127.0.0.1', 1)"."""
    if isinstance(error, OSError) and error.errno is not None and error.errno in errno.errorcode:
        return os.strerror(error.errno)
    return getattr(error, "strerror", None) or str(error) or "the connection was closed"
