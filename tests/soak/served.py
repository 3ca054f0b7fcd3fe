"""A `tui-assistant serve` with the soak's models, and how much memory it uses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@dataclass(frozen=True, slots=True)
class Served:
    pid: int
    url: str

    def memory_mib(self) -> dict[str, float]:
        """PSS of the server and of its workers: what several processes share is counted once."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return {"server": _pss_mib(self.pid), "workers": sum(_pss_mib(int(pid)) for pid in children)}

    def cpu_s(self) -> float:
        """Of the server itself, so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def files(self) -> int:
        """Descriptors that are open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))


def _pss_mib(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended, or this system has no such file
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


@contextmanager
def serving(folder: Path, sessions: int) -> Iterator[Served]:
    """Ends the server by SIGTERM, and demands that it ends well."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(HERE))),
        "TUI_ASSISTANT_STATE": str(folder / "state"),
        "TUI_ASSISTANT_CONFIG": str(folder / "none.toml"),
        "TUI_ASSISTANT_MODELS__RECOGNISER": "soak_models:recogniser",
        "TUI_ASSISTANT_MODELS__RESPONDER": "soak_models:responder",
        "TUI_ASSISTANT_MODELS__SYNTHESISER": "tui_assistant.testing.models:synthesiser",
        "OPENBLAS_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "tui_assistant", "serve", "--port", "0", "--max-sessions", str(sessions)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("listening on ")
            yield Served(process.pid, line.removeprefix("listening on ").strip())
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()
