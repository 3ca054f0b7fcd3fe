"""A running `tui-assistant serve` on one core, for bench_serve.py: where it listens, what it uses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONFIG = """[models]
recogniser = "deaf_models:recogniser"
[responder]
chat = "off"
"""
CALM_S, CALM_SHARE, LONGEST_S = 0.5, 0.05, 30.0  # so long so little CPU: the models are loaded


def pin(core: int, process: int = 0) -> None:
    """Puts a process on one core: the first with 0, the last with -1."""
    os.sched_setaffinity(process, {sorted(os.sched_getaffinity(0) | _ALL)[core]})


_ALL = os.sched_getaffinity(0)


@dataclass(frozen=True, slots=True)
class Served:
    pid: int
    url: str
    workers: int = 1  # of `serve --workers`

    def cpu_s(self) -> dict[str, float]:
        """CPU seconds so far: of the server itself, and of its models together."""
        return {"server": sum(map(_cpu_s, self._servers())), "workers": sum(map(_cpu_s, self._models()))}

    def waited_s(self) -> float:
        """How long the server has been ready to run while something else had its core; the mean of its workers."""
        waits = [int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9 for pid in self._servers()]
        return sum(waits) / len(waits)

    def memory_mib(self) -> dict[str, float]:
        """PSS: what several processes share is counted once."""
        return {"server": sum(map(_pss_mib, self._servers())), "workers": sum(map(_pss_mib, self._models()))}

    def settle(self) -> None:
        """Waits until the models are loaded."""
        until = time.monotonic() + LONGEST_S
        while time.monotonic() < until:
            before = sum(self.cpu_s().values())
            time.sleep(CALM_S)
            if sum(self.cpu_s().values()) - before < CALM_S * CALM_SHARE:
                return

    def _servers(self) -> list[int]:
        """Without the parent of several, which only waits."""
        return [self.pid] if self.workers == 1 else _children(self.pid)

    def _models(self) -> list[int]:
        return [model for server in self._servers() for model in _children(server)]


def _children(pid: int) -> list[int]:
    """By /proc, which has them under the thread that started them."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(number) for task in tasks for number in task.read_text().split()]


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _pss_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


@contextmanager
def serving(sessions: int, workers: int = 1) -> Iterator[Served]:
    """Starts the server with deaf_models on the first core, and ends it."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.toml"
        config.write_text(CONFIG)
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(Path(__file__).parent))),
            "TUI_ASSISTANT_STATE": folder,
            "OPENBLAS_NUM_THREADS": "1",
        }
        program = [sys.executable, "-m", "tui_assistant", "serve", "--port", "0", "--config", str(config)]
        pin(0)  # children begin where their parent runs
        process = subprocess.Popen(
            [*program, "--max-sessions", str(sessions), "--workers", str(workers)],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.startswith("listening on "):
                raise SystemExit(f"the server did not start: {line}")
            yield Served(process.pid, line.removeprefix("listening on ").strip(), workers)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)
