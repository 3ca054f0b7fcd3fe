from __future__ import annotations

import stat
from pathlib import Path

from tui_assistant.models.skills.notebook import MAX_NOTE_CHARACTERS, MAX_NOTES, Notebook


def test_notes_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "state" / "notes.json"
    book = Notebook(path)
    book.add("buy milk")
    book.add("càll Anna \u202e")
    assert [note.text for note in Notebook(path).all()] == ["buy milk", "càll Anna \u202e"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    deleted = Notebook(path).delete_last()
    assert deleted is not None
    assert deleted.text.startswith("càll")
    assert Notebook(path).delete_all() == 1
    assert Notebook(path).delete_last() is None


def test_number_and_length_are_bounded() -> None:
    book = Notebook()
    for number in range(MAX_NOTES + 3):
        book.add(f"{number} " + "x" * 1000)
    notes = book.all()
    assert len(notes) == MAX_NOTES
    assert notes[0].text.startswith("3 ")
    assert max(len(note.text) for note in notes) == MAX_NOTE_CHARACTERS
