"""Small JSON files that only the user can read and that are never half written."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path

MAX_FILE_BYTES = 1_000_000  # ours are a few KB; a larger file is not ours


def load_list(path: Path) -> list[dict[str, object]]:
    """The objects in the file; empty when it is missing, unreadable or holds something else."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            return []
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    return [entry for entry in data if isinstance(entry, dict)] if isinstance(data, list) else []


def save_list(path: Path, entries: list[dict[str, object]]) -> None:
    """Writes beside the file (0600), then renames: a crash leaves the old or the new content. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(entries, file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:  # also when interrupted: no half-written file stays behind
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
