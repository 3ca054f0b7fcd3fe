"""One worker process: started, read, written and ended. It knows nothing of asks that are open."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tui_assistant.host import frames
from tui_assistant.host.frames import Message
from tui_assistant.models.registry import NO_TELEMETRY, Port

LOG_BYTES = 2**20  # a log that grew beyond this is begun anew when a worker starts
# How a process is asked to go: its stdin ends, then SIGTERM, then SIGKILL; together under the second `close` has.
_STDIN_S, _TERM_S, _KILL_S = 0.45, 0.2, 0.2
_ROOT = str(Path(__file__).resolve().parents[2])  # so that the worker finds this package in a source tree as well


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """Which model a worker runs: a name of the registry, or a path `module:function`. Options must be JSON values.

    `lazy`: the process is started when the model is first wanted. `instead`: names that take the place of a model that
    cannot be loaded, best first.
    """

    port: Port
    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    lazy: bool = False
    instead: tuple[str, ...] = ()


class WorkerProcess:
    """A running worker. `receive` returns None when it has ended."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def spawn(cls, spec: WorkerSpec, log: Path | None) -> WorkerProcess:
        """Raises OSError when the process cannot be started."""
        stderr = _open_log(log)
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # not from the current directory: it may be anybody's
                "-m",
                "tui_assistant.host.worker_main",
                json.dumps({"port": spec.port, "name": spec.name, "instead": spec.instead}),
                stdin=PIPE,
                stdout=PIPE,
                stderr=stderr,
                env=_environment(),
                **_own_session(),
            )
        finally:
            if stderr != DEVNULL:
                os.close(stderr)
        return cls(process)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def send(self, message: Message) -> None:
        """As `write`, of one message. Raises FrameError when it is too long."""
        await self.write(frames.encode(message))

    async def write(self, data: bytes) -> None:
        """Whole frames. Returns when the pipe has taken them. Raises ConnectionError when the process has gone."""
        stdin = self._process.stdin
        assert stdin is not None
        if stdin.is_closing():
            raise ConnectionResetError
        stdin.write(data)
        await stdin.drain()

    async def receive(self) -> Message | None:
        """The next frame; None at the end. Raises FrameError when the worker writes nonsense."""
        stdout = self._process.stdout
        assert stdout is not None
        try:
            size = frames.length(await stdout.readexactly(frames.LENGTH.size))
            return frames.decode(await stdout.readexactly(size))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def end(self) -> str:
        """Kills it if need be and says in a few words how it ended."""
        if not await self._ended(0.1):  # its pipe is closed, so it should be gone
            self._signal(kill=True)
            await self._ended(_KILL_S)
        status = self._process.returncode
        if status is None:
            return "it hangs"
        if status < 0:
            with contextlib.suppress(ValueError):
                return signal.Signals(-status).name
        return f"status {status}"

    async def close(self) -> None:
        """Ends it within 0.9 s: first friendly, then by force."""
        stdin = self._process.stdin
        assert stdin is not None
        stdin.close()
        if await self._ended(_STDIN_S):
            return
        self._signal(kill=False)
        if await self._ended(_TERM_S):
            return
        self._signal(kill=True)
        await self._ended(_KILL_S)

    async def _ended(self, seconds: float) -> bool:
        # Not wait_for: before Python 3.12 it may swallow a cancellation that meets the end of the process.
        waiting = asyncio.ensure_future(self._process.wait())
        try:
            await asyncio.wait({waiting}, timeout=seconds)
        finally:
            waiting.cancel()
        return self._process.returncode is not None

    def _signal(self, *, kill: bool) -> None:
        """To the whole session of the worker: a model may have programs of its own."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if sys.platform == "win32":
                self._process.kill() if kill else self._process.terminate()
            else:
                os.killpg(self._process.pid, signal.SIGKILL if kill else signal.SIGTERM)


def _own_session() -> dict[str, Any]:
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}  # Ctrl-C on the terminal is not for the workers


def _environment() -> dict[str, str]:
    # As multiprocessing does: what can be imported here can be imported there.
    paths = [_ROOT, *(str(Path(path).absolute()) for path in sys.path)]
    return {
        "OPENBLAS_NUM_THREADS": "1",  # numpy alone would start a thread per core in every worker
        **os.environ,
        **NO_TELEMETRY,
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)),
        "PYTHONUNBUFFERED": "1",
    }


def _open_log(log: Path | None) -> int:
    if log is None:
        return DEVNULL
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        fresh = log.exists() and log.stat().st_size > LOG_BYTES
        return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | (os.O_TRUNC if fresh else 0), 0o600)
    except OSError:
        return DEVNULL  # a log that cannot be written must not keep the assistant from working
