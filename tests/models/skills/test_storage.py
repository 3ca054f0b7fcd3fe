from __future__ import annotations

from pathlib import Path

import pytest

from tui_assistant.models.skills.storage import MAX_FILE_BYTES, load_list, save_list


def test_a_failed_write_leaves_the_old_content_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    save_list(path, [{"a": 1}])
    with pytest.raises(TypeError):
        save_list(path, [{"a": object()}])
    assert load_list(path) == [{"a": 1}]
    assert [entry.name for entry in tmp_path.iterdir()] == ["list.json"]


def test_a_huge_or_missing_file_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    assert load_list(path) == []
    path.write_text("[" + " " * MAX_FILE_BYTES + "{}]")
    assert load_list(path) == []
