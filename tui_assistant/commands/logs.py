"""The log file: what libraries print to stderr, and our own warnings."""

from __future__ import annotations

import contextlib
import logging
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


@contextlib.contextmanager
def quiet_libraries() -> Iterator[Path | None]:
    """While inside, file descriptor 2 and logging go to the log file; sys.stderr still reaches the user.

    Gives the file, or None where no log can be written: then everything stays as it was.
    """
    from tui_assistant.audio.stderr import redirect_stderr

    try:
        path = log_file()
        restore = redirect_stderr(path)
    except OSError:
        yield None
        return
    handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield path
    finally:
        root.removeHandler(handler)
        handler.close()
        restore()
