"""Keeps what ALSA and PortAudio print to file descriptor 2 off the screen: Textual draws on the same descriptor.

Before the app runs: fd 2 is duplicated, the duplicate becomes `sys.__stderr__` (where Textual writes), and a log file
is put on fd 2 itself, where C libraries write.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path

Restore = Callable[[], None]

_active: Restore | None = None


def redirect_stderr(log_path: Path) -> Restore:
    """Sends fd 2 to `log_path` (made 0600, appended to); the result, which may be called twice, undoes it.

    A second call while it is in force changes nothing and returns a Restore that does nothing: who was first undoes it.
    Where fd 2 is closed there is no screen to protect: only the log is put there. Raises OSError when the log cannot be
    opened.
    """
    global _active
    if _active is not None:
        return lambda: None
    screen = _screen_on_duplicate()  # before the log is opened: that may get number 2 where it is free
    try:
        log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError:
        if screen is not None:
            screen.close()
        raise
    # Windows before 3.13 has no fchmod; os.devnull is everyone's
    if hasattr(os, "fchmod") and stat.S_ISREG(os.fstat(log).st_mode):
        os.fchmod(log, 0o600)  # also when the file was there before
    saved_streams = (sys.__stderr__, sys.stderr)
    for stream in saved_streams:
        if stream is not None:
            with contextlib.suppress(OSError, ValueError):  # closed or broken: nothing to flush
                stream.flush()
    if log != 2:
        os.dup2(log, 2)
        os.close(log)
    if screen is not None:
        if sys.stderr is sys.__stderr__:
            sys.stderr = screen
        sys.__stderr__ = screen  # type: ignore[misc]  # Final for others: only here it must move

    def restore() -> None:
        global _active
        if _active is not restore:
            return
        _active = None
        if screen is None:
            os.close(2)
        else:
            with contextlib.suppress(OSError, ValueError):  # the terminal may be gone
                screen.flush()
            os.dup2(screen.fileno(), 2)
            if sys.stderr is screen:
                sys.stderr = saved_streams[1]
            sys.__stderr__ = saved_streams[0]  # type: ignore[misc]  # puts back what was there
            with contextlib.suppress(OSError, ValueError):
                screen.close()

    _active = restore
    return restore


def _screen_on_duplicate() -> TextIOWrapper | None:
    """A stream on a duplicate of fd 2; None where fd 2 is closed."""
    try:
        duplicate = os.dup(2)
    except OSError:
        return None
    encoding = getattr(sys.__stderr__, "encoding", None) or "utf-8"
    return open(duplicate, "w", encoding=encoding, errors="backslashreplace", buffering=1)
