"""What is to be sent to a worker: in order, bounded in bytes, with a counter for what did not fit."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

from tui_assistant.engine.ports import Ask, Cancel, TranscribeEnd
from tui_assistant.host.worker_asks import weight

OUTBOX_BYTES = 8 * 2**20  # more than four minutes of speech at 16 kHz: a model that is further behind never catches up


class Outbox:
    """A queue with one reader. A Cancel and the end of a stream always fit: they free what others hold."""

    def __init__(self, limit: int = OUTBOX_BYTES) -> None:
        self._limit = limit
        self._asks: deque[Ask] = deque()
        self._bytes = 0
        self._filled = asyncio.Event()
        self.dropped = 0

    def put(self, ask: Ask) -> bool:
        """False, and counted, when it does not fit."""
        size = weight(ask)
        if self._bytes + size > self._limit and not isinstance(ask, Cancel | TranscribeEnd):
            self.dropped += 1
            return False
        self._asks.append(ask)
        self._bytes += size
        self._filled.set()
        return True

    def cancel(self, ask_id: str, *, sent: bool) -> None:
        """Takes back what waits for `ask_id`; a Cancel goes out before all else if the worker knows of it."""
        kept = [ask for ask in self._asks if ask.ask_id != ask_id]
        self.refill([Cancel(ask_id), *kept] if sent else kept)

    def refill(self, asks: Iterable[Ask]) -> None:
        """Replaces everything that waits."""
        self._asks = deque(asks)
        self._bytes = sum(map(weight, self._asks))
        if self._asks:
            self._filled.set()
        else:
            self._filled.clear()

    async def get(self) -> Ask:
        while not self._asks:
            self._filled.clear()
            await self._filled.wait()
        ask = self._asks.popleft()
        self._bytes -= weight(ask)
        return ask
