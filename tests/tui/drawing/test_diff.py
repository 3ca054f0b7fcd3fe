from __future__ import annotations

from tui_assistant.tui.drawing.diff import MOST_LINES, diff_lines
from tui_assistant.tui.drawing.runs import text_of, width_of

DIFF = "--- config.toml\n+++ config.toml\n@@ -1,2 +1,2 @@\n [turn]\n-threshold = 0.5\n+threshold = 0.6\n"


def test_signs_say_what_comes_and_what_goes() -> None:
    lines = diff_lines(DIFF, 60)
    assert [text_of(line) for line in lines][4:] == [" -threshold = 0.5", " +threshold = 0.6"]
    assert [line[0][1] for line in lines] == ["dim", "dim", "dim", "ink", "warn", "voice"]


def test_nothing_to_save_is_said() -> None:
    assert "nothing to save" in text_of(diff_lines("", 60)[1])


def test_the_users_file_is_foreign_text() -> None:
    text = "".join(text_of(line) for line in diff_lines('+name = "\x1b[2Jx"', 60))
    assert "\x1b" not in text


def test_long_lines_are_broken_and_long_files_cut() -> None:
    assert all(width_of(line) <= 20 for line in diff_lines("+" + "a = 1 " * 30, 20))
    assert text_of(diff_lines("+a\n" * (MOST_LINES + 3), 20)[-1]) == " ... and 3 more lines"
