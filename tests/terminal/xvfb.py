"""A program in a real terminal, on an X server of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from needs import needs
from xkeys import XKeys

FIRST_REPEAT_MS, REPEAT_MS = 400, 33  # of a held key: usual values
PROGRAMS = {
    "kitty": ("kitty",),
    "xterm": ("xterm",),
    "xterm+tmux": ("xterm", "tmux"),
    "foot": ("foot", "weston"),
}
TERMINALS = tuple(PROGRAMS)
RELEASED = ("kitty", "foot")  # these tell when a key goes up
FOCUS_S = 0.3  # for the focus to get through a compositor to the terminal and from there to the program
# Variables of the terminal that the tests themselves run in.
FOREIGN = (
    "COLUMNS",
    "LINES",
    "TMUX",
    "STY",
    "TERM_PROGRAM",
    "KITTY_WINDOW_ID",
    "VTE_VERSION",
    "SSH_CONNECTION",
    "WAYLAND_DISPLAY",
    "COLORTERM",
)
WESTON = f"""
[core]
idle-time=0
[shell]
panel-position=none
locking=false
[keyboard]
repeat-delay={FIRST_REPEAT_MS}
repeat-rate={round(1000 / REPEAT_MS)}
"""
# What comes after the program shows whether it left the terminal as it was: settings, keyboard mode, stray input.
INSIDE = """
cd {folder}
before=$(stty -g)
{command}
echo $? > status.new
[ "$(stty -g)" = "$before" ] && echo same > settings
stty raw -echo
printf '\\033[?u'
timeout --foreground 0.5 cat > keyboard
stty sane
mv status.new status
exec cat > after
"""


class Window:
    """One program in one terminal, which has the focus. `keys` presses keys."""

    def __init__(
        self, terminal: str, command: Sequence[str], folder: Path, env: Mapping[str, str] | None = None
    ) -> None:
        needs("Xvfb", "xdotool", *PROGRAMS[terminal])
        self.terminal, self.folder = terminal, folder
        self._children: list[subprocess.Popen[bytes]] = []
        self._runtime = Path(tempfile.mkdtemp(prefix="xv-"))  # short: a socket's path may have 107 characters
        (folder / "inside.sh").write_text(INSIDE.format(folder=shlex.quote(str(folder)), command=shlex.join(command)))
        self._display = self._serve()
        self._env = {
            **{name: value for name, value in os.environ.items() if name not in FOREIGN},
            "DISPLAY": self._display,
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "XDG_RUNTIME_DIR": str(self._runtime),
            "SHELL": "/bin/sh",
            **(env or {}),
        }
        self.keys = XKeys(self._display)
        self._open(["sh", str(folder / "inside.sh")])
        self._window = self._find()
        self.focus()

    def __enter__(self) -> Window:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            print(f"{self.terminal}: {self._picture()}; last events: {self.events()[-12:]}")
        self.close()

    def close(self) -> None:
        if self.terminal == "xterm+tmux":
            subprocess.run(["tmux", "-L", self._runtime.name, "kill-server"], check=False, capture_output=True)
        for child in reversed(self._children[1:]):
            self._end(child)
        self.keys.close()
        self._end(self._children[0])  # the X server
        shutil.rmtree(self._runtime, ignore_errors=True)

    def focus(self, on: bool = True) -> None:
        """Gives the terminal the keyboard, or takes it away."""
        self.keys.focus(self._window if on else None)
        time.sleep(FOCUS_S)

    def events(self, what: str = "") -> list[dict[str, Any]]:
        """What the program has written into the file `log`, all or of one kind."""
        with contextlib.suppress(FileNotFoundError):
            lines = (self.folder / "log").read_text(encoding="utf-8").splitlines(keepends=True)
            found = [json.loads(line) for line in lines if line.endswith("\n")]
            return [event for event in found if what in ("", event["what"])]
        return []

    def until(self, condition: Callable[[], object], seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"{self.terminal}: not within {seconds} s"
            time.sleep(0.01)

    def ended(self, seconds: float = 60.0) -> int:
        """The program's exit status."""
        self.until((self.folder / "status").exists, seconds)
        return int((self.folder / "status").read_text())

    def left(self) -> dict[str, str]:
        """What the program left behind: "settings" is "same\\n", "keyboard" the answer to CSI ? u and stray input."""
        names = ("settings", "keyboard", "after")
        return {name: path.read_text() if (path := self.folder / name).exists() else "" for name in names}

    def _picture(self) -> str:
        """Where a picture of the screen is, for whoever looks into a failure."""
        if shutil.which("import") is None:
            return "no picture without imagemagick"
        path = self.folder / "failed.png"
        subprocess.run(["import", "-window", "root", str(path)], env=self._env, check=False)
        return f"see {path}"

    def _serve(self) -> str:
        read, write = os.pipe()
        options = ["-screen", "0", "1100x800x24", "-nolisten", "tcp",
                   "-ardelay", str(FIRST_REPEAT_MS), "-arinterval", str(REPEAT_MS)]  # fmt: skip
        command = ["Xvfb", "-displayfd", str(write), *options]
        self._children.append(subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL))
        os.close(write)
        with os.fdopen(read) as pipe:
            return f":{pipe.readline().strip()}"

    def _open(self, inside: list[str]) -> None:
        match self.terminal:
            case "kitty":
                size = [
                    "-o",
                    "remember_window_size=no",
                    "-o",
                    "initial_window_width=120c",
                    "-o",
                    "initial_window_height=40c",
                ]
                self._spawn("kitty", "--config", "NONE", "-o", "update_check_interval=0", *size, *inside)
            case "xterm":
                self._spawn("xterm", "-geometry", "120x40", "-e", *inside)
            case "xterm+tmux":
                tmux = ["tmux", "-L", self._runtime.name, "-f", "/dev/null", "new-session", shlex.join(inside)]
                self._spawn("xterm", "-geometry", "120x40", "-e", *tmux)
            case "foot":
                settings = self._runtime / "weston.ini"
                settings.write_text(WESTON)
                size = ["--width=1000", "--height=760"]
                self._spawn("weston", "--backend=x11-backend.so", "--socket=way", f"--config={settings}", *size)
                self.until((self._runtime / "way").exists)
                self._env["WAYLAND_DISPLAY"] = "way"
                self._spawn("foot", "-c", "/dev/null", *inside)

    def _spawn(self, *command: str) -> None:
        with (self.folder / f"{command[0]}.txt").open("wb") as output:
            self._children.append(
                subprocess.Popen(command, env=self._env, stdout=output, stderr=output, start_new_session=True)
            )

    def _find(self) -> int:
        """The terminal's window, once it is there; under weston it is weston's."""
        name = {"foot": "weston", "kitty": "kitty"}.get(self.terminal, "xterm")
        search = ["xdotool", "search", "--onlyvisible", "--class", name]
        found: list[str] = []

        def look() -> list[str]:
            found[:] = subprocess.run(search, env=self._env, capture_output=True, text=True, check=False).stdout.split()
            return found

        self.until(look)
        return int(found[-1])

    @staticmethod
    def _end(child: subprocess.Popen[bytes]) -> None:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(5)
            return
        child.kill()
        child.wait(5)
