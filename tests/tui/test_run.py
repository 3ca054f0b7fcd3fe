"""The program on a terminal of its own: exit status, signals, and the terminal as it was before."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import termios
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_talk import FakeTalk

from tui_assistant.errors import ConfigError, UsageError
from tui_assistant.tui.app import AssistantApp
from tui_assistant.tui.run import run_app

ROOT = Path(__file__).parents[2]
PROGRAM = textwrap.dedent(
    """
    import sys, threading
    sys.path[:0] = {path!r}
    from fake_talk import FakeTalk, scene, talked
    from tui_assistant.runtime.api import Ended
    from tui_assistant.tui.run import run_app
    talk = FakeTalk(scene(7000))
    {more}
    status = run_app(talk)
    assert talk.calls[-1] == ("close",) and talk.calls.count(("close",)) == 1, talk.calls
    sys.exit(status)
    """
)


OPENED: list[Terminal] = []


@pytest.fixture(autouse=True)
def every_terminal_is_closed() -> Iterator[None]:
    yield
    for terminal in OPENED:
        terminal.close()
        if terminal.child.poll() is None:
            terminal.child.kill()
        terminal.child.wait(20)
    OPENED.clear()


class Terminal:
    """A child on a pseudo-terminal."""

    def __init__(self, more: str = "", **environment: str) -> None:
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        code = PROGRAM.format(path=[str(ROOT), str(ROOT / "tests")], more=more)
        self.child = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env={**os.environ, "COLUMNS": "120", "LINES": "40", "TERM": "xterm-256color", **environment},
            start_new_session=True,
        )
        self.raw = b""
        self._open = True
        OPENED.append(self)

    def close(self) -> None:
        """The terminal goes, whatever runs on it."""
        if self._open:
            self._open = False
            os.close(self.slave)
            os.close(self.master)

    def until(self, word: bytes, seconds: float = 20.0) -> None:
        end = time.monotonic() + seconds
        while word not in self.raw and time.monotonic() < end:
            self.raw += os.read(self.master, 65_536)
        assert word in self.raw

    def ended(self) -> int:
        """The exit status; reads what is still to come."""
        end = time.monotonic() + 15
        os.set_blocking(self.master, False)
        while self.child.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
            self._drain()
        self._drain()
        return self.child.wait(1)

    def stopped(self) -> None:
        """Returns when the child has stopped, and all that it has written before is read."""
        os.set_blocking(self.master, False)
        while os.waitid(os.P_PID, self.child.pid, os.WSTOPPED | os.WNOHANG) is None:
            time.sleep(0.02)
            self._drain()
        self._drain()
        os.set_blocking(self.master, True)

    def _drain(self) -> None:
        try:
            while data := os.read(self.master, 65_536):
                self.raw += data
        except (BlockingIOError, OSError):
            return

    def restored(self) -> bool:
        text = self.raw.decode()
        main_screen = text.rfind("\x1b[?1049l") > text.rfind("\x1b[?1049h")
        cursor = text.rfind("\x1b[?25h") > text.rfind("\x1b[?25l")
        mouse = text.rfind("\x1b[?1003l") > text.rfind("\x1b[?1003h")
        return main_screen and cursor and mouse and termios.tcgetattr(self.slave) == self.before


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_a_signal_restores_the_screen_and_is_the_exit_status(number: int, status: int) -> None:
    terminal = Terminal()
    terminal.until(b"HANDS-FREE")
    terminal.child.send_signal(number)
    assert terminal.ended() == status
    assert terminal.restored()
    assert b"Traceback" not in terminal.raw


def test_a_signal_before_the_first_paint_is_not_lost() -> None:
    more = "import os, signal; threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM)).start()"
    terminal = Terminal(more)
    assert terminal.ended() in (143, -signal.SIGTERM)
    assert termios.tcgetattr(terminal.slave) == terminal.before


@pytest.mark.parametrize("key", [b"q", b"\x11"])
def test_q_ends_with_0(key: bytes) -> None:
    terminal = Terminal()
    terminal.until(b"HANDS-FREE")
    os.write(terminal.master, key)
    start = time.monotonic()
    assert terminal.ended() == 0
    assert time.monotonic() - start < 2
    assert terminal.restored()


@pytest.mark.parametrize("stop", [signal.SIGSTOP, signal.SIGTSTP])
def test_after_a_stop_the_screen_is_drawn_anew_and_one_q_still_ends_it(stop: int) -> None:
    """SIGSTOP comes unannounced: the terminal may have been anybody's until SIGCONT."""
    terminal = Terminal()
    terminal.until(b"HANDS-FREE")
    for _ in range(2):
        terminal.child.send_signal(stop)
        terminal.stopped()
        seen, terminal.raw = terminal.raw, b""
        terminal.child.send_signal(signal.SIGCONT)
        terminal.until(b"\x1b[?1049h")
        before, _, terminal.raw = terminal.raw.rpartition(b"\x1b[?1049h")
        terminal.until(b"HANDS-FREE")
        terminal.raw = seen + before + b"\x1b[?1049h" + terminal.raw
    os.write(terminal.master, b"q")
    assert terminal.ended() == 0
    assert terminal.restored()
    assert terminal.raw.count(b"\x1b[>") == terminal.raw.count(b"\x1b[<u"), "as many keyboard levels left as entered"


def test_the_end_of_the_conversation_is_the_exit_status_and_its_reason_is_said() -> None:
    terminal = Terminal("talk.first = [Ended(1, 'the link is\\x1b[2J gone')]")
    assert terminal.ended() == 1
    assert terminal.restored()
    last = terminal.raw.decode().rsplit("\x1b[?1049l", 1)[1]
    assert "the link is�[2J gone" in last


def test_a_terminal_that_goes_away_ends_it() -> None:
    terminal = Terminal()
    terminal.until(b"HANDS-FREE")
    terminal.close()
    terminal.child.send_signal(signal.SIGHUP)
    assert terminal.child.wait(10) == 129


def test_without_colours_no_colour_is_sent() -> None:
    terminal = Terminal(NO_COLOR="1")
    terminal.until(b"HANDS-FREE")
    os.write(terminal.master, b"q")
    assert terminal.ended() == 0
    assert re.search(rb"\x1b\[[0-9;]*[34]8;[25];", terminal.raw) is None
    assert b"\x1b[1;7" in terminal.raw, "the mode's badge is bold and reversed"


def test_without_a_terminal_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "__stdin__", None)
    with pytest.raises(UsageError, match="--plain"):
        run_app(FakeTalk())


def test_an_unknown_theme_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="nord"):
        AssistantApp(FakeTalk(), theme="no\x1bsuch")


def test_nothing_heavy_is_loaded_for_the_screen() -> None:
    heavy = ("numpy", "onnxruntime", "pocketsphinx", "sounddevice", "websockets", "httpx", "soxr")
    code = f"import sys, tui_assistant.tui.app, tui_assistant.tui.run; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    code = "import sys, tui_assistant.tui.plain; print('textual' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
