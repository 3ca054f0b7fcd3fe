"""Writes the input log, every call at once, so that a killed process loses nothing that it had taken."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tui_assistant.errors import UsageError
from tui_assistant.record.format import AUDIO_NAME, CALLS, LOG_NAME, line_of


class InputLogWriter:
    """An open log in `folder`, which is made for its owner only. Raises UsageError when it holds a log already."""

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
            self._log = _new_file(folder / LOG_NAME)
            self._audio = _new_file(folder / AUDIO_NAME)
        except FileExistsError:
            raise UsageError(f"{folder}: holds a recording already", "give another folder") from None
        except OSError as error:
            raise UsageError(f"{folder}: cannot be written: {error.strerror}", "give another folder") from None
        self._offset = 0

    def write(self, call: str, data: dict[str, Any], payload: bytes = b"") -> None:
        """Adds one call; its audio first, so that a line never names audio that is not there. Raises OSError."""
        if call not in CALLS:
            raise ValueError(f"no call of a session: {call}")
        _write_all(self._audio, payload)
        _write_all(self._log, line_of(call, data, self._offset, len(payload)).encode())
        self._offset += len(payload)

    def close(self) -> None:
        os.close(self._log)
        os.close(self._audio)


def _new_file(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
