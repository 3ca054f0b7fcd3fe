"""An HTTP server of raw bytes in a thread: says exactly what the test wants, when it wants, HTTP or not."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

# What a handler yields: bytes to send, seconds to wait, or "reset" for a connection that breaks.
Step = bytes | float | str


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Handler = Callable[[Request], Iterable[Step]]


class StubServer:
    """`handler` answers each request; the connection is closed after it."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.handler: Handler = lambda request: respond(404, b"{}")
        self.gone = threading.Event()  # a client closed its connection before it had its answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._closing = False
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._closing = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            request = _read(connection)
            if request is None:
                return
            self.requests.append(request)
            try:
                for step in self.handler(request):
                    if isinstance(step, bytes):
                        connection.sendall(step)
                    elif step == "reset":
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                        return
                    else:
                        self._wait(connection, float(step))
            except OSError:
                self.gone.set()

    def _wait(self, connection: socket.socket, seconds: float) -> None:
        """Waits, and notices at once when the client goes."""
        deadline = time.monotonic() + seconds
        while not self._closing and (left := deadline - time.monotonic()) > 0:
            connection.settimeout(min(left, 0.05))
            try:
                if connection.recv(1) == b"":
                    raise ConnectionResetError
            except TimeoutError:
                continue
            finally:
                connection.settimeout(None)


def respond(status: int, body: bytes = b"", kind: str = "application/json", **headers: str) -> Iterator[bytes]:
    """A whole answer with its length."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    yield "\r\n".join([*lines, "", ""]).encode() + body


def stream_head(kind: str = "text/event-stream") -> bytes:
    """The head of an answer that ends with its connection."""
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n".encode()


def chunk(text: str | None = None, finish: str | None = None, **more: Any) -> bytes:
    """One event of a chat stream."""
    choice = {"index": 0, "delta": {} if text is None else {"content": text}, "finish_reason": finish}
    value = {"object": "chat.completion.chunk", "choices": [choice], **more}
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()


USAGE = b'data: {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}\n\n'
DONE = b"data: [DONE]\n\n"


def _read(connection: socket.socket) -> Request | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65_536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65_536)
    method, path, _ = first.split(" ")
    return Request(method, path, headers, body)
