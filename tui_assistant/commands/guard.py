"""From whatever a command does to an exit status and at most one clear line on stderr.

0 done; 1 could not; 2 usage or unreadable input; 3 a check failed; 130, 143, 129 for SIGINT, SIGTERM, SIGHUP. When the
reader of stdout has gone (`... | head -1`), the rest is not wanted: a quiet 0. TUI_ASSISTANT_DEBUG=1 shows the
traceback of what nobody expected.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from tui_assistant.errors import AssistantError, ConfigError
from tui_assistant.safetext import clean

DEBUG_VARIABLE = "TUI_ASSISTANT_DEBUG"
MAX_LOG_BYTES = 2**20  # then the log becomes crash.log.1 and a new one begins
NO_READER = (errno.EPIPE, errno.ESHUTDOWN)
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class ReaderGoneError(Exception):
    """Whoever read stdout has closed it."""


def guarded(command: Callable[[], int]) -> int:
    """Runs `command`; nothing but an exit status comes out."""
    _signals_end_the_program()
    try:
        status = command()
        if sys.stdout is not None:
            sys.stdout.flush()  # here, where a closed pipe can still be handled
        return status
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except AssistantError as error:
        tell(str(error), lines=isinstance(error, ConfigError))  # has one for each problem
        return error.exit_status
    except ReaderGoneError:
        _forget_stdout()
        return 0
    except OSError as error:
        if error.errno in NO_READER:  # at the last flush
            _forget_stdout()
            return 0
        if error.errno in NO_ROOM:
            _forget_stdout()
            tell(f"{error.filename or 'what comes out'}: cannot be written: {error.strerror} (make room)")
            return 1
        return _unexpected(error)
    except Exception as error:  # noqa: BLE001  # the last resort: the user gets one line and not a traceback
        return _unexpected(error)


def tell(text: str, *, lines: bool = False) -> None:
    """Something for the user, on stderr; never ends the program, even when nobody reads it.

    A line break, as of a file's name, becomes a space unless `lines`.
    """
    if sys.stderr is None:
        return
    with contextlib.suppress(OSError, ValueError):
        for line in clean(text, lines=lines).splitlines():
            print(f"tui-assistant: {line}", file=sys.stderr, flush=True)


def _unexpected(error: BaseException) -> int:
    if os.environ.get(DEBUG_VARIABLE, "") not in ("", "0"):
        traceback.print_exception(error)
        return 1
    first = next(iter(str(error).splitlines()), "")
    what = f"{type(error).__name__}: {first}" if first else type(error).__name__
    try:
        where = f"the details are in {_log(error)}"
    except OSError:
        where = f"{DEBUG_VARIABLE}=1 shows the details"
    tell(f"this should not have happened: {clean(what, limit=200)} ({where})")
    return 1


def _log(error: BaseException) -> Path:
    from tui_assistant.state import log_folder

    path = log_folder() / "crash.log"
    if path.exists() and path.stat().st_size > MAX_LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(time.strftime("%Y-%m-%d %H:%M:%S\n"))
        file.write("".join(traceback.format_exception(error)) + "\n")
    return path


def _signals_end_the_program() -> None:
    """SIGTERM and SIGHUP unwind like ctrl-c does, so that files are closed and workers ended."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        # an ignored signal stays ignored: that is how nohup works
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            with contextlib.suppress(ValueError):  # not the main thread: its owner decides
                signal.signal(number, stop)


def _forget_stdout() -> None:
    """Nobody reads stdout any more: what is still buffered must not raise when the interpreter ends."""
    if sys.stdout is None:
        return
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
