"""`doctor --keys` on a pseudo-terminal that answers as real ones do."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui_assistant.client.hold import Edge, KeyEdge
from tui_assistant.commands.doctor_keys import Trace

ROOT = Path(__file__).parents[2]


OPENED: list[Probe] = []


@pytest.fixture(autouse=True)
def every_terminal_is_closed() -> Iterator[None]:
    yield
    for probe in OPENED:
        os.close(probe.slave)
        os.close(probe.master)
        probe.child.kill()
        probe.child.wait(20)
    OPENED.clear()


class Probe:
    """The program on a terminal; `flags` is what that one answers, None: nothing."""

    def __init__(self, *arguments: str, flags: int | None, **environment: str) -> None:
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.text = ""
        kept = {name: value for name, value in os.environ.items() if name not in ("TMUX", "STY", "SSH_CONNECTION")}
        self.child = subprocess.Popen(
            [sys.executable, "-m", "tui_assistant", "doctor", *arguments],
            stdin=self.slave, stdout=self.slave, stderr=self.slave, start_new_session=True, cwd=ROOT,
            env={**kept, "TERM": "xterm-256color", "TUI_ASSISTANT_CONFIG": "/nowhere.toml", **environment},
        )  # fmt: skip
        OPENED.append(self)
        self.until("\x1b[?u")
        if flags is not None:
            self.send(f"\x1b[?{flags}u")

    def send(self, text: str) -> None:
        os.write(self.master, text.encode())

    def until(self, text: str, seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        os.set_blocking(self.master, False)
        while text not in self.text:
            assert time.monotonic() < deadline, self.text
            self._read()
            time.sleep(0.005)

    def _read(self) -> None:
        try:
            self.text += os.read(self.master, 65_536).decode()
        except (BlockingIOError, OSError):
            return

    def ended(self) -> int:
        status = self.child.wait(20)
        self._read()
        assert termios.tcgetattr(self.slave) == self.before, "the terminal is as it was"
        assert self.text.count("\x1b[<u") == self.text.count("\x1b[>27u") == 1
        assert "Traceback" not in self.text
        return status


def test_a_terminal_that_reports_releases() -> None:
    probe = Probe("--keys", flags=27)
    probe.until("Any other key ends.")
    assert "method   : released. The terminal reports when a key is let go" in probe.text
    probe.send("\x1b[13;1:3u")  # enter, which started the command, is let go
    probe.send("\x1b[32;;32u")
    probe.until("press")
    time.sleep(0.4)
    for _ in range(5):
        probe.send("\x1b[32;1:2;32u")
        time.sleep(0.05)
    probe.until("repeat")
    probe.send("\x1b[32;1:3u")
    probe.until("release")
    probe.send("\x1b[113;;113u")
    assert probe.ended() == 0
    # on a busy machine it reads several at once, and late
    assert re.search(
        r"first repeat after \d+ ms, then every \d+ ms \(95 of 100 within \d+ ms, [1-4] seen\)", probe.text
    )


def test_a_terminal_that_does_not() -> None:
    probe = Probe("--keys", flags=None)
    probe.until("Any other key ends.")
    assert "no answer to CSI ? u within 500 ms" in probe.text
    assert "terminal : xterm" in probe.text
    assert "method   : inferred. xterm doesn't report key releases" in probe.text
    probe.send("     ")
    probe.until("pulse")
    probe.send("q")
    assert probe.ended() == 0
    assert "repeats  : " in probe.text


def test_ctrl_c_and_a_signal_end_it() -> None:
    probe = Probe("--keys", flags=None)
    probe.until("Any other key ends.")
    probe.send("\x03")
    assert probe.ended() == 130
    assert "no auto-repeat was seen" in probe.text

    probe = Probe("--keys", flags=27)
    probe.until("Any other key ends.")
    probe.child.send_signal(signal.SIGTERM)
    assert probe.ended() == 143


def test_the_settings_name_the_key_and_the_method() -> None:
    keys = {"TUI_ASSISTANT_KEYS__TALK": "f4", "TUI_ASSISTANT_KEYS__METHOD": "inferred"}
    probe = Probe("--keys", flags=27, **keys)
    probe.until("Hold f4 for 2 seconds")
    assert "method   : inferred. The settings say so (keys.method)" in probe.text
    probe.send("\x1b[S\x1b[1;1:2S\x1b[1;1:3S")
    probe.until("pulse")
    probe.send(" ")
    assert probe.ended() == 0
    assert "release\r\n" not in probe.text


@pytest.mark.parametrize(
    ("flags", "found"),
    [(27, "ok    keys         released (xterm)."), (None, "note  keys         inferred (xterm). xterm doesn't")],
)
def test_the_doctor_itself_asks_shortly(flags: int | None, found: str) -> None:
    probe = Probe(flags=flags)
    probe.until("chat ")
    probe.child.wait(20)
    assert probe.ended() in (0, 3)
    assert found in probe.text


def test_without_a_terminal_one_line() -> None:
    command = [sys.executable, "-m", "tui_assistant", "doctor", "--keys"]
    done = subprocess.run(command, input="", capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "needs a terminal" in done.stderr


def test_holds_and_taps_are_told_apart() -> None:
    trace = Trace()
    for at in (0, 400, 433, 466, 3_000, 6_000, 6_410, 6_440):
        trace.add(KeyEdge(Edge.PULSE, float(at)))
    assert [len(times) for times in trace.holds()] == [4, 1, 3]
    assert trace.figures() == "first repeat after 410 ms, then every 33 ms (95 of 100 within 33 ms, 3 seen)"
    trace = Trace()
    for kind, at in ((Edge.PRESS, 0), (Edge.RELEASE, 80), (Edge.PRESS, 200), (Edge.RELEASE, 260)):
        trace.add(KeyEdge(kind, float(at)))
    assert [len(times) for times in trace.holds()] == [1, 1]
