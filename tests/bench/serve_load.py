"""Many clients of a Realtime server for bench_serve.py, in one lean loop: frames are made beforehand.

A client that cost as much as the server would measure itself. Every append is sent at its moment of real time, as near
as the loop comes to it; `late` says how near, and latencies count from the actual sending.
"""

from __future__ import annotations

import base64
import gc
import json
import os
import select
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

CHUNK_MS = 20
POLL_EVERY = 4  # sends between two looks at what has come: under 0.1 ms
LONGEST_S = 60.0  # for a server that is far behind to come to the end
PIECE = 2**16  # of the big append, sent between two chunks: about 20 us
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """A client's WebSocket frame. The mask is zero: the server has to apply it just the same."""
    size = len(payload)
    if size < 126:
        head = bytes((0x80 | opcode, 0x80 | size))
    elif size < 2**16:
        head = bytes((0x80 | opcode, 0x80 | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 0x80 | 127)) + size.to_bytes(8, "big")
    return head + bytes(4) + payload


def append(pcm: bytes) -> bytes:
    """The frame of one append, in the words of OpenAI's and DashScope's SDKs."""
    return frame(b'{"type":"input_audio_buffer.append","audio":"' + base64.b64encode(pcm) + b'"}')


def question(event_id: str) -> bytes:
    """About an item that does not exist: the session answers with one error that names it, and nothing changes."""
    event = {"type": "conversation.item.retrieve", "item_id": "none", "event_id": event_id}
    return frame(json.dumps(event).encode())


LAST = b'"the last question"'
LAST_QUESTION = question("the last question")


@dataclass(slots=True)
class Client:
    """One connection. `sent` and `received` are moments of time.perf_counter."""

    url: str
    first: int = 0  # of the recording's chunks: where this client's speech begins
    sent: list[float] = field(default_factory=list)  # of each chunk
    received: list[tuple[float, bytes]] = field(default_factory=list)
    closed: bool = False
    done: bool = False  # what was sent last has been answered
    _socket: socket.socket = field(init=False)
    _inbox: bytearray = field(default_factory=bytearray)

    def open(self, session: dict[str, object]) -> None:
        """Connects and updates the session; raises ConnectionError when the server will not have us."""
        url = urlsplit(self.url)
        assert url.hostname is not None
        assert url.port is not None
        self._socket = socket.create_connection((url.hostname, url.port), timeout=10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines = [
            f"GET {url.path}?{url.query} HTTP/1.1",
            f"Host: {url.hostname}:{url.port}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        ]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        while b"\r\n\r\n" not in self._inbox:
            if not (data := self._socket.recv(4096)):
                break
            self._inbox += data
        if not self._inbox.startswith(b"HTTP/1.1 101"):
            raise ConnectionError(bytes(self._inbox[:200]).decode(errors="replace"))
        del self._inbox[: self._inbox.index(b"\r\n\r\n") + 4]
        self.send(frame(json.dumps({"type": "session.update", "session": session}).encode()))
        while not any(b'"session.updated"' in payload for _, payload in self.received):
            if any(b'"type":"error"' in payload for _, payload in self.received):
                raise ConnectionError(self.received[-1][1].decode())
            self.read()
        self.received.clear()
        self._socket.setblocking(False)

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, data: bytes) -> None:
        """All of it, at once; a server so far behind that its buffers are full makes us late, which is measured."""
        while True:
            try:
                data = data[self._socket.send(data) :]
            except BlockingIOError:
                select.select([], [self._socket], [])
            if not data:
                return

    def send_some(self, data: memoryview) -> int:
        """As much of `data` as goes in without waiting."""
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0

    def read(self) -> None:
        """Takes what has come and stamps it."""
        try:
            data = self._socket.recv(2**16)
        except (ConnectionError, BlockingIOError):
            data = b""
        now = time.perf_counter()
        if not data:
            self.closed = True
        self._inbox += data
        for opcode, payload in self._frames():
            if opcode == TEXT:
                self.received.append((now, payload))
                self.done = self.done or LAST in payload
            elif opcode == PING:
                self.send(frame(payload, PONG))
            elif opcode == CLOSE:
                self.closed = True

    def _frames(self) -> Iterator[tuple[int, bytes]]:
        inbox = self._inbox
        while len(inbox) >= 2:
            begin, size = 2, inbox[1] & 127
            if size >= 126:
                begin = 4 if size == 126 else 10
                size = int.from_bytes(inbox[2:begin], "big")
            if len(inbox) < begin + size:
                return
            yield inbox[0] & 15, bytes(inbox[begin : begin + size])
            del inbox[: begin + size]

    def close(self) -> None:
        self._socket.close()


@dataclass(slots=True)
class Load:
    """Clients that speak at the pace of time, each some milliseconds after the former."""

    clients: Sequence[Client]
    frames: Sequence[bytes]  # of the recording, which is repeated
    probe: bytes = b""  # sent behind each append, if set
    # who sends what beside the others, LAST_QUESTION at its end, and after how long
    big: tuple[Client, bytes, float] | None = None
    late: list[float] = field(default_factory=list)  # seconds by which each append was sent too late
    _selector: select.epoll = field(default_factory=select.epoll)
    _by_file: dict[int, Client] = field(default_factory=dict)

    def run(self, seconds: float) -> None:
        """Speaks for so long, and then listens until the server has dealt with all of it."""
        everybody = [*self.clients, *([self.big[0]] if self.big else [])]
        self._by_file = {client.fileno(): client for client in everybody}
        for number in self._by_file:
            self._selector.register(number, select.EPOLLIN)
        gc.collect()
        gc.disable()
        start = time.perf_counter() + 0.1
        rest = memoryview(self.big[1]) if self.big else memoryview(b"")
        big_at = start + self.big[2] if self.big else 0.0
        for number, (client, due, data) in enumerate(self._plan(start, round(seconds * 1000) // CHUNK_MS)):
            while (wait := due - time.perf_counter()) > 0:
                sending = len(rest) > 0 and time.perf_counter() >= big_at
                if sending and self.big:
                    rest = rest[self.big[0].send_some(rest[:PIECE]) :]
                self._listen(0 if sending else wait)
            if number % POLL_EVERY == 0:
                self._listen(0)
            now = time.perf_counter()
            client.send(data)
            client.sent.append(now)
            self.late.append(now - due)
        for client in self.clients:
            client.send(LAST_QUESTION)
        until = time.perf_counter() + LONGEST_S
        while not all(client.done or client.closed for client in everybody) and time.perf_counter() < until:
            if self.big:
                rest = rest[self.big[0].send_some(rest[:PIECE]) :]
            self._listen(0.001 if len(rest) else 0.1)
        gc.enable()
        self._selector.close()

    def _plan(self, start: float, chunks: int) -> Iterator[tuple[Client, float, bytes]]:
        step_s, count = CHUNK_MS / 1000, len(self.frames)
        for index in range(chunks):
            for number, client in enumerate(self.clients):
                due = start + index * step_s + number * step_s / len(self.clients)
                yield client, due, self.frames[(client.first + index) % count] + self.probe

    def _listen(self, seconds: float) -> None:
        # epoll counts in whole milliseconds and rounds up, so that a send is up to 1 ms late: it is stamped when sent.
        for number, _ in self._selector.poll(seconds):
            client = self._by_file[number]
            client.read()
            if client.closed:
                self._selector.unregister(number)
