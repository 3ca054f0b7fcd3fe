"""Writes the input log, every call at once, so that a killed process loses nothing that it had taken."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tui_assistant.record.folder import new_file, write_all
from tui_assistant.record.format import AUDIO_NAME, CALLS, LOG_NAME, Call, line_of


class InputLogWriter:
    """An open log in `folder`, which is there (`record.folder.new_folder`). `now_ms` tells recording time."""

    def __init__(self, folder: Path, now_ms: Callable[[], int] = lambda: 0) -> None:
        """Raises OSError."""
        self._now_ms = now_ms
        self._log = new_file(folder / LOG_NAME)
        self._audio = new_file(folder / AUDIO_NAME)
        self._offset = 0

    def write(self, call: str, data: dict[str, Any], payload: bytes = b"") -> None:
        """Adds one call; its audio first, so that a line never names audio that is not there. Raises OSError."""
        if call not in CALLS:
            raise ValueError(f"no call of a session: {call}")
        write_all(self._audio, payload)
        write_all(self._log, line_of(Call(call, data, payload, self._now_ms()), self._offset).encode())
        self._offset += len(payload)

    def close(self) -> None:
        os.close(self._log)
        os.close(self._audio)
