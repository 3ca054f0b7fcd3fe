"""A plain client for the checks: sends events, collects what comes."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tui_assistant.errors import LinkError

Event = dict[str, Any]

RATE = 24_000  # Hz: the only PCM rate that every GA server takes
BLOCK_MS = 40
OPEN_S = 10.0
SETTLE_S = 0.3  # for what a server does beside its queue of events


class Peer:
    """One session of the server under test."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._socket: ClientConnection | None = None
        self.events: list[Event] = []
        self.written_ms = 0  # audio appended so far: the clock of audio_start_ms and audio_end_ms

    async def __aenter__(self) -> Self:
        try:
            self._socket = await connect(
                self._url, additional_headers=self._headers, max_size=None, open_timeout=OPEN_S, proxy=None
            )
        except (OSError, TimeoutError, WebSocketException, ValueError) as error:
            raise LinkError(f"cannot open {self._url}: {error}", "check the URL and the token") from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._socket is not None:
            await self._socket.close()

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.events]

    async def send(self, type: str, **fields: Any) -> None:
        assert self._socket is not None
        await self._socket.send(json.dumps({"type": type, **fields}))

    async def configure(self, turn_detection: Any) -> Event:
        """Sets turn_detection; the answer: session.updated, an error, or {} when none comes."""
        audio = {"input": {"format": {"type": "audio/pcm", "rate": RATE}, "turn_detection": turn_detection}}
        await self.send("session.update", session={"type": "realtime", "audio": audio})
        return await self.wait("session.updated", "error")

    async def settle(self) -> None:
        """Until the server has done all that was sent: an empty update is answered behind it."""
        await self.send("session.update", session={"type": "realtime"})
        await self.wait("session.updated", "error")
        await self.listen(SETTLE_S)

    def of(self, type: str, since: int = 0) -> list[Event]:
        """The events of a type so far, from the index `since` on."""
        return [event for event in self.events[since:] if event["type"] == type]

    async def ask(self) -> None:
        """Asks for a long answer by text and does not wait for it."""
        content = [{"type": "input_text", "text": "help"}]
        await self.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
        await self.send("response.create")

    async def speak(self, pcm: bytes, *, at_once: bool = False) -> None:
        """Appends int16 mono at RATE, as fast as the server takes it, in blocks or in one event."""
        block = len(pcm) if at_once else RATE * BLOCK_MS // 1000 * 2
        self.written_ms += len(pcm) // 2 * 1000 // RATE
        for begin in range(0, len(pcm), block):
            audio = base64.b64encode(pcm[begin : begin + block]).decode()
            await self.send("input_audio_buffer.append", audio=audio)

    async def wait(self, *types: str, seconds: float = 10.0) -> Event:
        """The next event of one of `types`; {} when none comes in time."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            event = await self._receive(left)
            if event is None:
                return {}
            if event["type"] in types:
                return event
        return {}

    async def listen(self, seconds: float) -> None:
        """Collects what comes in the next `seconds`."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and await self._receive(left) is not None:
            pass

    async def _receive(self, seconds: float) -> Event | None:
        assert self._socket is not None
        try:
            event: Event = json.loads(await asyncio.wait_for(self._socket.recv(), seconds))
        except (TimeoutError, WebSocketException):
            return None
        self.events.append(event)
        return event
