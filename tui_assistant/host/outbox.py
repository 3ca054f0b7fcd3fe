"""What is to be sent to a worker: bounded in bytes, with a counter for what did not fit."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterable

from tui_assistant.engine.ports import Ask, Cancel, Release, TranscribeAudio, TranscribeEnd
from tui_assistant.host.fair import FairQueue
from tui_assistant.host.frames import weight

ASK_BYTES = 8 * 2**20  # more than four minutes of speech at 16 kHz: who is further ahead of the model never meets it
# Of all asks: whoever appends a long recording at once must not make the model too busy for the others.
OUTBOX_BYTES = 64 * 2**20
# Audio that comes so soon after the last batch waits for more of it: with fifty speakers, a write for each frame would
# cost a quarter of the server. A single speaker's frames are further apart, and never wait.
GATHER_S = 0.02
BATCH_BYTES = 2**16  # a pipe's own buffer: what is not taken yet can still be taken back


class Outbox:
    """A queue with one reader. A Cancel, a Release and the end of a stream always fit: they free what others hold."""

    def __init__(self, limit: int = OUTBOX_BYTES, ask_limit: int = ASK_BYTES) -> None:
        self._limit, self._ask_limit = limit, ask_limit
        self._asks = FairQueue()
        self._bytes = 0  # that wait ...
        self._bytes_of = Counter[str]()  # ... by the ask's id
        self._filled, self._urgent = asyncio.Event(), asyncio.Event()
        self._taken_s = 0.0  # when the last batch was
        self.dropped = 0

    def put(self, ask: Ask) -> bool:
        """False, and counted, when it does not fit."""
        size = weight(ask)
        full = self._bytes + size > self._limit or self._bytes_of[ask.ask_id] + size > self._ask_limit
        if full and not isinstance(ask, Cancel | Release | TranscribeEnd):
            self.dropped += 1
            return False
        self._asks.put(ask)
        self._bytes += size
        self._bytes_of[ask.ask_id] += size
        self._filled.set()
        if not isinstance(ask, TranscribeAudio):
            self._urgent.set()
        return True

    def cancel(self, ask_id: str, *, sent: bool) -> None:
        """Takes back what waits for `ask_id`; a Cancel goes out before all else if the worker knows of it."""
        kept = [ask for ask in self._asks if ask.ask_id != ask_id]
        self.refill([Cancel(ask_id), *kept] if sent else kept)

    def refill(self, asks: Iterable[Ask]) -> None:
        """Replaces everything that waits."""
        self._asks = FairQueue(asks)
        self._bytes_of.clear()
        for ask in self._asks:
            self._bytes_of[ask.ask_id] += weight(ask)
        self._bytes = self._bytes_of.total()
        if self._asks:
            self._filled.set()
            self._urgent.set()
        else:
            self._filled.clear()

    async def batch(self) -> list[Ask]:
        """What waits, the sessions in turn: at least one ask and about BATCH_BYTES at most."""
        loop = asyncio.get_running_loop()
        while not (self._asks and (self._urgent.is_set() or loop.time() >= self._taken_s + GATHER_S)):
            if not self._asks:
                self._filled.clear()
                await self._filled.wait()
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(self._taken_s + GATHER_S):
                    await self._urgent.wait()
        self._taken_s = loop.time()
        batch: list[Ask] = []
        size = 0
        while self._asks and size < BATCH_BYTES:
            batch.append(ask := self._asks.pop())
            size += weight(ask)
            self._bytes_of[ask.ask_id] -= weight(ask)
            if not self._bytes_of[ask.ask_id]:
                del self._bytes_of[ask.ask_id]
        self._bytes -= size
        if not self._asks:
            self._urgent.clear()
        return batch
