"""The parent of `serve --workers N`: starts the workers on one port, starts again what dies, and passes the end on."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tui_assistant.errors import UnavailableError
from tui_assistant.host.workers import Port, WorkerSpec
from tui_assistant.server.app import ServerOptions, address
from tui_assistant.server.board import Board
from tui_assistant.server.limits import CLOSE_S, DRAIN_S
from tui_assistant.server.listening import SPREADS, Place, close
from tui_assistant.server.logs import Format, fields
from tui_assistant.server.metrics import RESTARTS
from tui_assistant.server.worker import LISTENING, order

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0  # before a worker is started again; twice as long each time
CALM_S = 60.0  # one that has lived so long is started again as if it were the first time
END_S = DRAIN_S + 2 * CLOSE_S + 6.0  # then a worker that has not ended is killed; its models have 1 s, a busy machine 5
AT_ONCE_S = 2.0  # the same after a second signal

_log = logging.getLogger(__name__)


class Supervisor:
    """`command` starts a worker, which reads its `order` from stdin."""

    def __init__(
        self,
        options: ServerOptions,
        specs: dict[Port, WorkerSpec],
        workers: int,
        command: Sequence[str],
        *,
        log: Format | None = None,
        spreads: bool = SPREADS,
    ) -> None:
        self._options = options
        self._specs = specs
        self._count = workers
        self._command = command
        self._log = log
        self._spreads = spreads
        self._board = Board.shared(workers)
        self._processes: dict[int, Process] = {}
        self._listening: set[int] = set()
        self._started = asyncio.Event()  # all listen
        self._ending = asyncio.Event()
        self._failure = ""  # why it could not be started
        self._killed = False
        self.url = ""

    @property
    def pids(self) -> dict[int, int]:
        """Of the workers that run, by number from 1."""
        return {number: process.pid for number, process in self._processes.items()}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Supervisor]:
        """All workers listen inside the context. Raises UnavailableError when they cannot."""
        options = self._options
        self._place = Place(options.host, options.port, spreads=self._spreads)
        self.url = address(options.host, self._place.port)
        keepers = [asyncio.create_task(self._keep(number)) for number in range(1, self._count + 1)]
        try:
            await self._started.wait()
            if self._failure:
                raise UnavailableError(self._failure, "its own words stand above")
            yield self
        finally:
            await self._end(keepers)
            self._place.close()
            self._board.close()

    def abort(self) -> None:
        """Ends everything at once."""
        self._ending.set()
        self._started.set()
        self._signal(signal.SIGTERM)
        asyncio.get_running_loop().call_later(AT_ONCE_S, self._signal, signal.SIGKILL)

    @property
    def status(self) -> int:
        """1 when a worker had to be killed at the end."""
        return int(self._killed)

    # -------------------------------------------------------------------------------------------------- inside

    async def _keep(self, number: int) -> None:
        """One worker, again and again."""
        loop = asyncio.get_running_loop()
        wait_s = FIRST_WAIT_S
        while not self._ending.is_set():
            began = loop.time()
            how = await self._run(number)
            self._processes.pop(number, None)
            self._board.forget(number)
            if self._ending.is_set():
                return
            if not self._started.is_set():
                self._failure = f"worker {number} ended ({how}) before it listened"
                self._started.set()
                return
            if loop.time() - began > CALM_S:
                wait_s = FIRST_WAIT_S
            self._board.slot(0).add(RESTARTS)
            _log.warning("a worker has ended and is started again", extra=fields(worker=number, how=how, wait_s=wait_s))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._ending.wait()
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    async def _run(self, number: int) -> str:
        """One process from start to end; returns how it ended, in a few words."""
        try:
            process = await self._spawn(number)
        except (OSError, UnavailableError) as error:
            return str(error)
        assert process.stdout is not None
        if await process.stdout.readline() == LISTENING:
            self._listening.add(number)
            if len(self._listening) == self._count:
                self._started.set()
            while await process.stdout.read(2**16):
                pass  # a library may print; nobody wants to know
        status = await process.wait()
        if status < 0:
            with contextlib.suppress(ValueError):
                return signal.Signals(-status).name
        return f"status {status}"

    async def _spawn(self, number: int) -> Process:
        board = self._board.descriptor
        assert board is not None
        sockets = self._place.for_worker()
        try:
            numbers = [each.fileno() for each in sockets]
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=PIPE,
                stdout=PIPE,
                env=_environment(),
                pass_fds=[board, *numbers],
                start_new_session=True,  # ctrl-c is for the parent, who passes it on
            )
        finally:
            close(sockets)
        self._processes[number] = process
        if self._ending.is_set():  # it was being started when the end came
            process.terminate()
        told = order(
            self._options,
            self._specs,
            number=number,
            workers=self._count,
            board=board,
            sockets=numbers,
            log=self._log,
        )
        assert process.stdin is not None
        process.stdin.write(told)
        with contextlib.suppress(ConnectionError):
            await process.stdin.drain()
        return process

    async def _end(self, keepers: Sequence[asyncio.Task[None]]) -> None:
        self._ending.set()
        self._signal(signal.SIGTERM)
        _, late = await asyncio.wait(keepers, timeout=END_S)
        if late:
            self._killed = True
            _log.error("workers that did not end were killed", extra=fields(workers=len(late)))
            self._signal(signal.SIGKILL)
            await asyncio.wait(keepers)

    def _signal(self, number: signal.Signals) -> None:
        for process in list(self._processes.values()):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)


def _environment() -> dict[str, str]:
    """What can be imported here can be imported there."""
    paths = dict.fromkeys(str(Path(path).absolute()) for path in sys.path)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": "1"}
