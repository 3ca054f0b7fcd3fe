"""A loop that ends with its owner."""

from __future__ import annotations

import asyncio
import gc
import threading
import time

import httpx

from tui_assistant.models.own_loop import OwnLoop


def test_the_loop_ends_with_its_owner_and_closes_what_it_has() -> None:
    own = OwnLoop("asks")
    client = own.closes(httpx.AsyncClient())
    ended = threading.Event()

    async def wait() -> int:
        return 3

    async def never() -> None:
        try:
            await asyncio.sleep(3_600)
        finally:
            ended.set()

    assert asyncio.run_coroutine_threadsafe(wait(), own.loop).result(20) == 3
    asyncio.run_coroutine_threadsafe(never(), own.loop)
    (thread,) = (each for each in threading.enumerate() if each.name == "asks")
    loop = own.loop
    del own
    gc.collect()
    thread.join(20)
    assert not thread.is_alive()
    assert ended.wait(1)
    assert client.is_closed
    assert loop.is_closed()


def test_who_ends_at_once_waits_for_nothing() -> None:
    began = time.monotonic()
    for _ in range(20):
        OwnLoop("short")
    gc.collect()
    assert time.monotonic() - began < 20
    while any(thread.name == "short" for thread in threading.enumerate()):
        time.sleep(0.01)
