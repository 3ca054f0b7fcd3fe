"""What a request gets before it is a WebSocket: in, an HTTP answer, or the reason why not."""

from __future__ import annotations

import http
import logging

from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from tui_assistant.server.access import Access
from tui_assistant.server.board import Board
from tui_assistant.server.exposition import CONTENT_TYPE, exposition
from tui_assistant.server.logs import fields
from tui_assistant.server.metrics import REFUSED, Counters

OPENAI_PATHS = ("/v1/realtime", "/realtime")
QWEN_PATH = "/api-ws/v1/realtime"
PATHS = (*OPENAI_PATHS, QWEN_PATH)
# These two tell nothing but yes or no, and whoever probes them has no token and knows no name: everybody may ask.
LIVE_PATH, READY_PATH = "/healthz", "/readyz"
METRICS_PATH = "/metrics"
FULL = "too many sessions; try again later"

_log = logging.getLogger(__name__)


class Gate:
    """Answers for all workers of the server, whichever of them is asked."""

    def __init__(
        self, access: Access, board: Board, counters: Counters, *, max_sessions: int, metrics: bool = False
    ) -> None:
        """`counters` is this process's slot of `board`. `metrics`: they may be read."""
        self._access = access
        self._board = board
        self._counters = counters
        self._max_sessions = max_sessions
        self._metrics = metrics
        self.draining = False

    def admit(self, connection: ServerConnection, request: Request) -> Response | None:
        """For websockets' process_request: None lets it in."""
        path = request.path.partition("?")[0]
        headers = request.headers
        if path == LIVE_PATH:
            return connection.respond(http.HTTPStatus.OK, "ok\n")
        if path == READY_PATH:
            why = self._board.not_ready()
            status = http.HTTPStatus.SERVICE_UNAVAILABLE if why else http.HTTPStatus.OK
            return connection.respond(status, f"{why or 'ready'}\n")
        for name in ("Host", "Origin", "Authorization"):
            if len(headers.get_all(name)) > 1:
                return self._refuse(connection, 400, "header", f"more than one {name}")
        refusal = self._access.refusal(
            host=headers.get("Host"),
            origin=headers.get("Origin"),
            authorization=headers.get("Authorization"),
            protocols=offered(headers),
        )
        if refusal is not None:
            return self._refuse(connection, refusal.status, refusal.kind, refusal.reason)
        if path == METRICS_PATH and self._metrics:
            answer = connection.respond(http.HTTPStatus.OK, exposition(self._board.cells()))
            del answer.headers["Content-Type"]
            answer.headers["Content-Type"] = CONTENT_TYPE
            return answer
        if path not in PATHS:
            return self._refuse(connection, 404, "path", f"the paths are {', '.join(PATHS)}")
        if self.draining:
            return self._refuse(connection, 503, "draining", "the server is ending")
        if self._board.sessions >= self._max_sessions:
            return self._refuse(connection, 503, "full", FULL)
        return None

    def enter(self) -> bool:
        """Counts a session in; False when others have come in while this one shook hands."""
        if self._board.enter(self._counters, self._max_sessions):
            return True
        self._count("full", 503)
        return False

    def _refuse(self, connection: ServerConnection, status: int, kind: str, reason: str) -> Response:
        self._count(kind, status)
        return connection.respond(http.HTTPStatus(status), f"{reason}\n")

    def _count(self, kind: str, status: int) -> None:
        self._counters.add(REFUSED, kind)
        _log.info("a connection was refused", extra=fields(reason=kind, status=status))


def offered(headers: Headers) -> list[str]:
    """The subprotocols."""
    return [name.strip() for value in headers.get_all("Sec-WebSocket-Protocol") for name in value.split(",")]
