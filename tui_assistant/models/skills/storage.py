"""Small JSON files that only the user can read and that are never half written."""

from __future__ import annotations

import json
from pathlib import Path

from tui_assistant.privatefile import write_private

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
    """A crash leaves the old or the new content. Raises OSError."""
    write_private(path, json.dumps(entries, ensure_ascii=False))
