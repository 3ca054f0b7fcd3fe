"""What the processes of one server share: counters, and who is ready. One slot each; slot 0 is the parent's.

Only its own process writes into a slot, so counting needs no lock. What a worker has counted stays when it dies, and
its successor counts on. Only admission takes a lock, so that the limit on sessions holds over all workers exactly.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import sys
import tempfile
from collections.abc import Iterator
from enum import IntEnum

from tui_assistant.server.metrics import BEEN_READY, CELLS, SESSIONS, SESSIONS_OPEN, STATE, Counters, Metric

_DOUBLE = 8  # bytes of a cell


class State(IntEnum):
    """What a worker does."""

    ABSENT = 0
    LOADING = 1
    READY = 2
    BROKEN = 3  # a model cannot be had
    DRAINING = 4


class Board:
    """`workers` slots and the parent's. With a file descriptor the memory is shared with whoever has it too."""

    def __init__(self, workers: int, descriptor: int | None = None) -> None:
        size = (workers + 1) * CELLS * _DOUBLE
        self.descriptor = descriptor
        self._memory = mmap.mmap(-1 if descriptor is None else descriptor, size)
        cells = memoryview(self._memory).cast("d")
        self._views = [cells[number * CELLS : (number + 1) * CELLS] for number in range(workers + 1)]
        self._slots = [Counters(view) for view in self._views]
        self._views.append(cells)

    @classmethod
    def shared(cls, workers: int) -> Board:
        """For processes that are given `descriptor`."""
        if sys.platform == "linux":
            descriptor = os.memfd_create("tui-assistant")  # needs no file system that can be written
        else:
            with tempfile.TemporaryFile() as file:
                descriptor = os.dup(file.fileno())
        os.ftruncate(descriptor, (workers + 1) * CELLS * _DOUBLE)
        return cls(workers, descriptor)

    def close(self) -> None:
        """Nothing can be counted any more."""
        for view in self._views:
            view.release()
        self._memory.close()
        if self.descriptor is not None:
            os.close(self.descriptor)

    def slot(self, number: int) -> Counters:
        return self._slots[number]

    def total(self, metric: Metric, value: str = "") -> float:
        return sum(slot.get(metric, value) for slot in self._slots)

    def cells(self) -> list[float]:
        """The sum over all slots, cell by cell."""
        return [sum(column) for column in zip(*self._slots, strict=True)]

    # ------------------------------------------------------------------------------------------------ sessions

    @property
    def sessions(self) -> int:
        return round(self.total(SESSIONS_OPEN))

    def enter(self, slot: Counters, limit: int) -> bool:
        """Counts a session in; False when there are `limit` already."""
        with self._locked():
            if self.sessions >= limit:
                return False
            slot.add(SESSIONS_OPEN)
        slot.add(SESSIONS)
        return True

    def forget(self, number: int) -> None:
        """That worker is dead: its sessions are over."""
        slot = self.slot(number)
        slot.set(SESSIONS_OPEN, 0)
        slot.set(STATE, State.ABSENT)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        if self.descriptor is None:
            yield
            return
        import fcntl  # Windows has none, and no --workers

        fcntl.lockf(self.descriptor, fcntl.LOCK_EX)  # for microseconds; a process that dies lets go of it
        try:
            yield
        finally:
            fcntl.lockf(self.descriptor, fcntl.LOCK_UN)

    # --------------------------------------------------------------------------------------------------- ready

    def tell(self, slot: Counters, state: State) -> None:
        """What a worker does from now on; once it drains, that is the last."""
        if slot.get(STATE) != State.DRAINING:
            slot.set(STATE, state)
        if state is State.READY:
            slot.set(BEEN_READY, 1)

    def not_ready(self) -> str:
        """Why no new session should come now, in a few words; empty when it should.

        At first all workers have to be ready; later one is enough while another one is started again.
        """
        workers = self._slots[1:]
        states = {State(round(slot.get(STATE))) for slot in workers}
        if State.DRAINING in states:
            return "the server is ending"
        if State.READY in states and all(slot.get(BEEN_READY) for slot in workers):
            return ""
        return "a model cannot be had; the log says which" if State.BROKEN in states else "the models are being loaded"
