"""A TCP proxy that does what networks do: delays, throttles, breaks, resets, swallows, at the moment a test chooses."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

PIECE = 16_384


class Pipe:
    """One connection through the proxy."""

    def __init__(self, proxy: FaultProxy, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self.client, self.server = client, server

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One direction, until its end."""
        with contextlib.suppress(OSError):
            while data := await reader.read(PIECE):
                if self._proxy.delay_s:
                    await asyncio.sleep(self._proxy.delay_s)
                if self._proxy.bytes_a_second:
                    await asyncio.sleep(len(data) / self._proxy.bytes_a_second)
                await self._proxy.passing.wait()
                writer.write(data)
                await writer.drain()
            writer.close()

    def reset(self) -> None:
        """RST in both directions."""
        for writer in (self.client, self.server):
            sock: socket.socket = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    def cut(self) -> None:
        """FIN in both directions, in the middle of whatever was said."""
        for writer in (self.client, self.server):
            writer.close()


class FaultProxy:
    """Between a link and a server. What is set holds for all connections, also those that are open."""

    def __init__(self, url: str) -> None:
        """`url`: of the server."""
        self._target = urlsplit(url)
        self.delay_s = 0.0  # for each piece, each way
        self.bytes_a_second = 0.0  # 0: as fast as it goes
        self.passing = asyncio.Event()  # cleared: a black hole; TCP is there, and nothing passes
        self.passing.set()
        self.refuses = False  # connections are reset as soon as they come
        self.pipes: list[Pipe] = []
        self._jobs: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Its URL, with the path of the server's."""
        listening = await asyncio.start_server(self._take, "127.0.0.1", 0)
        try:
            port = listening.sockets[0].getsockname()[1]
            yield self._target._replace(netloc=f"127.0.0.1:{port}").geturl()
        finally:
            listening.close()
            self.reset()
            for job in self._jobs:
                job.cancel()

    def reset(self) -> None:
        for pipe in self.pipes:
            pipe.reset()

    def cut(self) -> None:
        for pipe in self.pipes:
            pipe.cut()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection(self._target.hostname, self._target.port)
        pipe = Pipe(self, writer, there[1])
        if self.refuses:
            pipe.reset()
            return
        self.pipes.append(pipe)
        for job in (pipe.pump(reader, there[1]), pipe.pump(there[0], writer)):
            task = asyncio.create_task(job)
            self._jobs.add(task)
            task.add_done_callback(self._jobs.discard)
