"""A program in a real terminal: tmux keeps the screen, takes keys and shows what stands there."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from needs import needs

PATIENCE_S = 60.0  # what stands on the screen is what counts, not when: CI's machine has other work


class Terminal:
    """One program in a tmux window of its own server. `status` is its exit status once it has ended."""

    def __init__(self, command: list[str], folder: Path, *, size: tuple[int, int], env: Mapping[str, str]) -> None:
        needs("tmux")
        self._socket = f"ta-{uuid.uuid4().hex[:8]}"
        self._status = folder / f"{self._socket}.status"
        width, height = size
        # COLUMNS and LINES, which pytest's workers have, would be believed before the terminal.
        own = {name: value for name, value in env.items() if name not in ("COLUMNS", "LINES")}
        line = f"{shlex.join(command)}; echo $? > {shlex.quote(str(self._status))}; exec sleep 600"
        subprocess.run(
            ["tmux", "-L", self._socket, "-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height),
             "sh", "-c", line],
            check=True, env={**own, "TERM": "xterm-256color", "SHELL": "/bin/sh"}, cwd=folder,
        )  # fmt: skip

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            print(self.screen())  # what was to be seen when the test failed
        subprocess.run(["tmux", "-L", self._socket, "kill-server"], check=False, capture_output=True)

    def screen(self) -> str:
        """The text that stands on the screen."""
        return self._tmux("capture-pane", "-p")

    def keys(self, *keys: str) -> None:
        """Key names as tmux has them: Space, Escape, Enter, m."""
        self._tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)

    def resize(self, width: int, height: int) -> None:
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def ask(self, what: str) -> str:
        """One of tmux' own values, e.g. "#{pane_pid}"."""
        return self._tmux("display-message", "-p", what).strip()

    def wait(self, condition: Callable[[str], bool], seconds: float = PATIENCE_S, *, every: float = 0.05) -> str:
        """The first screen that satisfies `condition`; AssertionError with the last one when none does in time."""
        deadline = time.monotonic() + seconds
        while True:
            screen = self.screen()
            if condition(screen):
                return screen
            assert time.monotonic() < deadline, f"not seen within {seconds} s:\n{screen}"
            time.sleep(every)

    def wait_for(self, text: str, seconds: float = PATIENCE_S) -> str:
        return self.wait(lambda screen: text in screen, seconds)

    @property
    def status(self) -> int | None:
        """None while the program runs."""
        try:
            return int(self._status.read_text())
        except (FileNotFoundError, ValueError):
            return None

    def wait_status(self, seconds: float = PATIENCE_S) -> int:
        deadline = time.monotonic() + seconds
        while (status := self.status) is None:
            assert time.monotonic() < deadline, f"still running after {seconds} s:\n{self.screen()}"
            time.sleep(0.02)
        return status

    def _tmux(self, command: str, *arguments: str) -> str:
        result = subprocess.run(
            ["tmux", "-L", self._socket, command, *(["-t", ":0"] if command != "resize-window" else []), *arguments],
            check=True, capture_output=True, text=True, env=os.environ,
        )  # fmt: skip
        return result.stdout
