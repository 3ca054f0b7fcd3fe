"""The end that signals ask for: the first one lets running answers finish, a second one does not."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Ending:
    """To be made on the loop that serves; takes the signals over."""

    def __init__(self, at_once: Callable[[], None]) -> None:
        """`at_once` is called at the second signal."""
        self._at_once = at_once
        self._asked = asyncio.Event()
        self.status = 0
        """The exit status that is due: 0, or 128 and the number of the signal that could not wait."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            try:
                loop.add_signal_handler(number, self._signalled, number)
            except NotImplementedError:  # Windows: Ctrl+C raises KeyboardInterrupt instead
                break

    async def asked(self) -> None:
        await self._asked.wait()

    def ask(self) -> None:
        """As a first signal."""
        self._asked.set()

    def _signalled(self, number: int) -> None:
        if self._asked.is_set():
            self.status = self.status or 128 + number
            self._at_once()
        self._asked.set()
