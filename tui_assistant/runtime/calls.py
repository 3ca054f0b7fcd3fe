"""What other threads ask of the Talk thread."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable

Job = Callable[[], object]


class Calls:
    """Jobs for one loop, from any thread, in their order. Those that come before `open` wait for it: what somebody
    types while the link and the devices are still being opened is not lost."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._early: list[Job] | None = []  # None: open
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self) -> None:
        """On the loop that runs the jobs."""
        self._loop = asyncio.get_running_loop()

    def open(self) -> None:
        """On the loop: from now on jobs run as they come, those that have waited first."""
        with self._lock:
            early, self._early = self._early or [], None
            for job in early:
                self.now(job)

    def __call__(self, job: Job) -> None:
        with self._lock:
            if self._early is not None:
                self._early.append(job)
            else:
                self.now(job)

    def now(self, job: Job) -> None:
        """Without waiting for `open`; nothing where the loop has not begun or has ended."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended: so has the conversation
                self._loop.call_soon_threadsafe(job)
