"""What the moving scope writes to the terminal: over ssh, 30 pictures a second must not fill the line.

A real process on a pseudo-terminal gets a new frame of real speech every 32 ms, with a level that moves all the time.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import textwrap
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUDGET = 80_000  # bytes a second: two thirds of a megabit, which any line has (seen: 56,000 wide, 25,000 small)
CLOSEST = 110_000  # with columns of 100 ms everything moves twice as often (seen: 77,000)
SECONDS = 4.0
PROGRAM = """
    import sys, time
    sys.path[:0] = {path!r}
    from dataclasses import replace
    from fake_talk import FakeTalk, scene, talked
    from heard import frames_of, spoken
    from tui_assistant.client.tuning import Tuning
    from tui_assistant.runtime.api import Level
    from tui_assistant.tui.run import run_app

    frames = frames_of(spoken() * 4)
    begin = time.monotonic()
    tuning = [Tuning(silence_duration_ms=300)]

    def live(number):
        end = min(len(frames), 1_500 + int((time.monotonic() - begin) / 0.032))
        level = frames[end - 1].rms_dbfs
        if number == 60:
            tuning[0] = Tuning(silence_duration_ms=800)  # as a slider would, after `t`
        snapshot = replace(scene(4_000), frames=frames[:end], level=Level(level, level + 8, -9), tuning=tuning[0])
        return replace(snapshot, turn_detection=tuning[0].rules(), noise_floor_dbfs=-58.0, silence_ms=end % 500)

    talk = FakeTalk(live=live)
    talk.first = talked()
    sys.exit(run_app(talk))
"""


def bytes_a_second(size: tuple[int, int], *keys: bytes) -> tuple[float, str]:
    """Of `SECONDS` after the keys; and all that was written."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    code = textwrap.dedent(PROGRAM).format(path=[str(ROOT), str(ROOT / "tests")])
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    child = subprocess.Popen([sys.executable, "-c", code], stdin=slave, stdout=slave, stderr=slave, env=environment)
    os.close(slave)
    written = b""

    def read(seconds: float) -> int:
        nonlocal written
        before, end = len(written), time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([master], [], [], left)[0]:
                written += os.read(master, 65_536)
        return len(written) - before

    try:
        give_up = time.monotonic() + 40
        while b"HANDS-FREE" not in written:
            assert time.monotonic() < give_up, written
            read(0.1)
        read(0.5)
        for key in keys:
            os.write(master, key)
            read(0.3)
        read(3.0)  # the sliders are open and have been changed
        count = read(SECONDS)
        return count / SECONDS, written.decode("utf-8", "replace")
    finally:
        child.kill()
        child.wait(10)
        os.close(master)


@pytest.mark.parametrize(
    ("size", "keys", "budget"),
    [
        pytest.param((120, 40), (b"t",), BUDGET, id="wide with both lanes"),
        pytest.param((120, 40), (b"+", b"t"), CLOSEST, id="wide, each column 100 ms"),
        pytest.param((80, 24), (b"t",), BUDGET // 2, id="small with both lanes"),
        pytest.param((80, 24), (b"p", b"\x1b[F", b"t"), BUDGET, id="small, the scope alone, live"),
    ],
)
def test_the_moving_scope_writes_less_than_the_budget(
    size: tuple[int, int], keys: tuple[bytes, ...], budget: int
) -> None:
    rate, written = bytes_a_second(size, *keys)
    assert "what-if" in written
    assert "joined" in written
    assert 500 < rate < budget
