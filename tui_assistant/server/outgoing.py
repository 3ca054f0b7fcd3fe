"""What a client has not read yet: in order, bounded, and watched."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from websockets.asyncio.server import ServerConnection

from tui_assistant.protocol.dialects.base import Dialect
from tui_assistant.protocol.server import ServerEvent
from tui_assistant.server.limits import SEND_S, STOP_READING_BYTES, WAITING_BYTES


class Outgoing:
    """Events of one session on their way out, and the models' answers that must wait for them."""

    def __init__(self, socket: ServerConnection, dialect: Dialect, on_sent: Callable[[float], None]) -> None:
        """`on_sent` gets the mark of an event that was put with one, once it has been written."""
        self._socket = socket
        self._dialect = dialect
        self._on_sent = on_sent
        self._texts: deque[tuple[str, float | None]] = deque()
        self._held: deque[Callable[[], None]] = deque()
        self._bytes = 0
        self._filled, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()
        self._sent = 0  # events, ever
        self._progress: tuple[int, int, float] | None = None  # events sent, bytes not taken by the network, since when

    @property
    def empty(self) -> bool:
        return not self._texts and not self._held and self._bytes == 0

    def put(self, event: ServerEvent, mark: float | None = None) -> None:
        for text in self._dialect.encode(event):
            self._texts.append((text, mark))
            self._bytes += len(text)
            self._filled.set()
        if self._bytes >= STOP_READING_BYTES:
            self._room.clear()

    def when_room(self, pass_on: Callable[[], None]) -> None:
        """Passes a model's answer on, at once or when there is room for the events that it makes.

        What waits stays small: a model is asked for the next sentence only when the engine has taken the former.
        """
        if self._held or self._bytes >= WAITING_BYTES:
            self._held.append(pass_on)
        else:
            pass_on()

    async def room(self) -> None:
        """Waits while so much is unread that nothing more may be asked."""
        await self._room.wait()

    async def run(self) -> None:
        """Sends until the connection closes, which raises ConnectionClosed."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._texts:
                text, mark = self._texts.popleft()
                await self._socket.send(text)
                if mark is not None:
                    self._on_sent(mark)
                self._sent += 1
                self._bytes -= len(text)
                if self._bytes < STOP_READING_BYTES:
                    self._room.set()
                while self._held and self._bytes < WAITING_BYTES:
                    self._held.popleft()()
                # What the client has sent meanwhile, a cancel above all, is handled before the next event goes out.
                await asyncio.sleep(0)

    def stuck(self, now_s: float) -> bool:
        """Whether the client has read nothing for SEND_S although something waits; to be asked again and again."""
        unread = self._socket.transport.get_write_buffer_size()
        if self._bytes == 0:
            self._progress = None
        elif self._progress is None or self._sent > self._progress[0] or unread < self._progress[1]:
            self._progress = (self._sent, unread, now_s)
        else:
            return now_s - self._progress[2] >= SEND_S
        return False
