"""The log file: what libraries print to stderr, and our own warnings."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from tui_assistant.state import log_folder

MAX_BYTES = 2**20  # then the log is put aside once and begun anew


def log_file() -> Path:
    """Where it is; put aside when it has grown too large. Raises OSError when there can be none."""
    path = log_folder() / "tui-assistant.log"
    if path.exists() and path.stat().st_size > MAX_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path


def workers_log() -> Path | None:
    """For what the models of a server print; None where no log can be written."""
    try:
        return log_folder() / "workers.log"
    except OSError:
        return None


@contextlib.contextmanager
def quiet_libraries() -> Iterator[Path | None]:
    """While inside, file descriptor 2 and logging go to the log file; sys.stderr still reaches the user.

    Gives the file, or None where no log can be written: then all of that goes nowhere.
    """
    from tui_assistant.audio.stderr import redirect_stderr

    path: Path | None
    try:
        path = log_file()
        restore = redirect_stderr(path)
    except OSError:
        path = None
        restore = redirect_stderr(Path(os.devnull))
    handler = logging.FileHandler(path or os.devnull, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield path
    finally:
        root.removeHandler(handler)
        handler.close()
        restore()
