"""Asking a server for the answer to a turn, one answer at a time."""

from __future__ import annotations

import time
from collections.abc import Callable

DONE_MS = 2_000  # for response.done after a cancel: some servers never send it


class Owed:
    """Asks for an answer as soon as no other runs. One whose end is never told is waited for DONE_MS at most."""

    def __init__(self, ask: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        self.running: set[str] = set()  # ids of responses
        self._ask = ask
        self._clock = clock
        self._since: float | None = None

    def owe(self) -> None:
        """An answer is to be asked for; also when the server has refused it because of another one."""
        self._since = self._clock()

    def look(self) -> None:
        """Asks, if it may. To be called when something has changed, and now and then."""
        if self._since is None:
            return
        if not self.running or (self._clock() - self._since) * 1000 >= DONE_MS:
            self._since = None
            self._ask()

    def done(self, response_id: str) -> None:
        self.running.discard(response_id)
        self.look()
