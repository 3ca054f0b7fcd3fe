"""An event loop on a thread of its own, for models that ask servers: it ends with the model that it was made for."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import weakref
from collections.abc import Awaitable, Callable

import httpx

Closing = list[Callable[[], Awaitable[None]]]


class OwnLoop:
    """`loop` runs until this is collected; then what runs on it is cancelled, and its clients are closed."""

    def __init__(self, name: str) -> None:
        """`name`: of the thread."""
        self.loop = asyncio.new_event_loop()
        self._closing: Closing = []
        threading.Thread(target=_run, args=(self.loop, self._closing), name=name, daemon=True).start()
        weakref.finalize(self, _stop, self.loop).atexit = False  # at exit nobody waits for it

    def closes(self, client: httpx.AsyncClient) -> httpx.AsyncClient:
        """`client`, which is closed when the loop ends."""
        self._closing.append(client.aclose)
        return client


def _stop(loop: asyncio.AbstractEventLoop) -> None:
    with contextlib.suppress(RuntimeError):  # it has ended already
        loop.call_soon_threadsafe(loop.stop)


def _run(loop: asyncio.AbstractEventLoop, closing: Closing) -> None:
    try:
        loop.run_forever()
        loop.run_until_complete(_end(closing))
    finally:
        loop.close()


async def _end(closing: Closing) -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, *(close() for close in closing), return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()
    await asyncio.get_running_loop().shutdown_default_executor()
