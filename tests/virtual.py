"""Virtual time: a loop whose clock jumps to the next timer as soon as nobody has anything to do. No sockets in it."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Jumping(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("everybody waits for something that will never come")
        self.now += timeout
        return []


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def run(job: Coroutine[Any, Any, T]) -> T:
    """Runs it to its end; asyncio.sleep(3600) takes no time."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(job)
