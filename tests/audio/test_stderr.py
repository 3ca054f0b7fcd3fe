"""What C libraries print must not reach the screen. In a fresh interpreter: pytest plays with the same streams."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

DRIVER = """
import os, sys
from pathlib import Path
from tui_assistant.audio.stderr import redirect_stderr
log = Path(sys.argv[1])
"""


def run(tmp_path: Path, body: str, *, closed: bool = False) -> tuple[str, str, str]:
    """(stdout, stderr, log) of a program that begins with DRIVER."""
    log = tmp_path / "audio.log"
    command = [sys.executable, "-c", DRIVER + body, str(log)]
    if closed:
        command = ["sh", "-c", 'exec "$@" 2>&-', "sh", *command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr, log.read_text() if log.exists() else ""


def test_c_output_goes_to_the_log_and_the_screen_keeps_its_stream(tmp_path) -> None:
    body = """
os.write(2, b"before ")
restore = redirect_stderr(log)
os.write(2, b"ALSA lib chatter")
print("drawn", end=" ", file=sys.__stderr__, flush=True)
print("told", end=" ", file=sys.stderr, flush=True)
restore()
restore()
os.write(2, b"after ")
print("end", file=sys.stderr, flush=True)
assert sys.stderr is sys.__stderr__
"""
    _, err, log = run(tmp_path, body)
    assert err == "before drawn told after end\n"
    assert log == "ALSA lib chatter"
    assert stat.S_IMODE((tmp_path / "audio.log").stat().st_mode) == 0o600


def test_the_second_call_changes_nothing_and_the_first_undoes(tmp_path) -> None:
    body = """
first = redirect_stderr(log)
second = redirect_stderr(log.with_name("other"))
second()
os.write(2, b"chatter")
first()
os.write(2, b"screen")
third = redirect_stderr(log)
os.write(2, b" again")
third()
"""
    _, err, log = run(tmp_path, body)
    assert err == "screen"
    assert log == "chatter again"
    assert not (tmp_path / "other").exists()


def test_without_a_standard_error_the_chatter_still_goes_to_the_log(tmp_path) -> None:
    body = """
restore = redirect_stderr(log)
os.write(2, b"chatter")
restore()
try:
    os.write(2, b"x")
except OSError:
    print("closed again")
"""
    out, _, log = run(tmp_path, body, closed=True)
    assert out == "closed again\n"
    assert log == "chatter"


def test_an_old_log_is_appended_to_and_made_private(tmp_path) -> None:
    path = tmp_path / "audio.log"
    path.write_text("old ")
    os.chmod(path, 0o644)
    _, _, log = run(tmp_path, 'restore = redirect_stderr(log); os.write(2, b"new"); restore()')
    assert log == "old new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
