"""One WebSocket as a link sees it: text frames both ways, and how it ended."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from tui_assistant.links.reasons import cannot_connect, no_answer, refused
from tui_assistant.links.vendors.endpoint import Endpoint

CONNECT_S = 5.0
PING_S, PONG_S = 1.5, 2.5  # with CLOSE_S a dead peer is noticed within 4.5 s
CLOSE_S = 0.5
MOST_FRAME_BYTES = 32 * 2**20

# The library logs headers, so the key, at DEBUG.
_log = logging.getLogger(__name__)
_log.setLevel(logging.CRITICAL)


class ClosedError(Exception):
    """The connection is over. `code` is None where the peer did not say good-bye."""

    def __init__(self, code: int | None = None, reason: str = "") -> None:
        super().__init__(f"closed with {code}")
        self.code = code
        self.reason = reason


class Socket(Protocol):
    """An open connection; both directions may be used at once."""

    async def send(self, frame: str) -> None:
        """Raises ClosedError."""
        ...

    async def recv(self) -> str | bytes:
        """Raises ClosedError."""
        ...

    def abort(self) -> None:
        """Ends it at once, without a word to the peer."""
        ...

    async def close(self) -> None:
        """Takes at most CLOSE_S, and raises nothing."""
        ...


Dial = Callable[[Endpoint], Awaitable[Socket]]


class WebSocket:
    """A socket of the websockets library."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send(self, frame: str) -> None:
        try:
            await self._connection.send(frame)
        except ConnectionClosed as closed:
            raise _closed(closed) from None

    async def recv(self) -> str | bytes:
        try:
            return await self._connection.recv()
        except ConnectionClosed as closed:
            raise _closed(closed) from None

    def abort(self) -> None:
        self._connection.transport.abort()

    async def close(self) -> None:
        with contextlib.suppress(OSError, WebSocketException):
            await self._connection.close()


async def dial(endpoint: Endpoint) -> Socket:
    """A connection to `endpoint`, which notices by itself when the peer is gone. Raises DownError."""
    where = endpoint.name
    try:
        connection = await connect(
            endpoint.url,
            additional_headers=dict(endpoint.headers),
            open_timeout=CONNECT_S,
            close_timeout=CLOSE_S,
            ping_interval=PING_S,
            ping_timeout=PONG_S,
            max_size=MOST_FRAME_BYTES,
            logger=_log,
            proxy=True if endpoint.leaves else None,
        )
    except InvalidStatus as error:
        raise refused(where, error.response.status_code, error.response.headers.get("Retry-After", "")) from None
    except TimeoutError:
        raise no_answer(where, CONNECT_S) from None
    except (OSError, WebSocketException, EOFError) as error:
        raise cannot_connect(where, error) from None
    return WebSocket(connection)


def _closed(closed: ConnectionClosed) -> ClosedError:
    frame = closed.rcvd
    return ClosedError() if frame is None else ClosedError(frame.code, frame.reason)
