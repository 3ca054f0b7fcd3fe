"""The folder of a recording and its files: private, new, written without a buffer."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from tui_assistant.errors import UsageError
from tui_assistant.record.format import LOG_NAME, META_NAME

ANOTHER = "give a new or an empty folder"


def new_folder(folder: Path) -> None:
    """Makes `folder` for its owner only. An empty one may be there already; one with anything in it is left as it is.

    Raises UsageError.
    """
    try:
        if folder.is_dir():
            inside = {each.name for each in folder.iterdir()}
            if inside & {META_NAME, LOG_NAME}:
                raise UsageError(f"{folder}: holds a recording already", ANOTHER)
            if inside:
                raise UsageError(f"{folder}: is not empty, and a recording does not mix with other files", ANOTHER)
            folder.chmod(0o700)
        else:
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written: {error.strerror or error}", "give another folder") from None


def new_file(path: Path) -> int:
    """A descriptor for appending to a file that was not there. Raises OSError."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)


def new_wav_file(path: Path) -> BinaryIO:
    """A file that can be written anywhere, without a buffer. Raises OSError."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "r+b", buffering=0)


def write_all(descriptor: int, data: bytes) -> None:
    """Raises OSError."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def replace_file(path: Path, text: str) -> None:
    """A reader sees the old text or the new one. Raises OSError."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)  # left behind by a kill
    descriptor = new_file(fresh)
    try:
        write_all(descriptor, text.encode())
    finally:
        os.close(descriptor)
    fresh.replace(path)
