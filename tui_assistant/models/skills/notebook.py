"""The user's notes."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from .storage import load_list, save_list

MAX_NOTES = 500  # beyond that the oldest go: a spoken list is not read out to the end anyway
MAX_NOTE_CHARACTERS = 500

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Note:
    text: str
    at: float  # unix seconds


class Notebook:
    """Kept in `path`, or in memory only. Safe from several threads."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = Lock()
        self._notes: list[Note] = []
        for entry in load_list(path) if path is not None else []:
            text, at = entry.get("text"), entry.get("at")
            if isinstance(text, str) and isinstance(at, (int, float)):
                self._notes.append(Note(text[:MAX_NOTE_CHARACTERS], float(at)))

    def all(self) -> tuple[Note, ...]:
        with self._lock:
            return tuple(self._notes)

    def add(self, text: str) -> None:
        with self._lock:
            self._notes = [*self._notes, Note(text[:MAX_NOTE_CHARACTERS], time.time())][-MAX_NOTES:]
            self._save()

    def delete_last(self) -> Note | None:
        with self._lock:
            if not self._notes:
                return None
            note = self._notes.pop()
            self._save()
            return note

    def delete_all(self) -> int:
        with self._lock:
            count = len(self._notes)
            self._notes = []
            self._save()
            return count

    def _save(self) -> None:
        if self._path is None:
            return
        try:
            save_list(self._path, [{"text": note.text, "at": note.at} for note in self._notes])
        except OSError as error:  # a full or read-only disk: the note lives on in memory
            logger.warning("notes not saved", extra={"errno": error.errno})
