from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui_assistant.tui.drawing.runs import crop, crop_inside, joined, merge, text_of, width_of, wrap

TEXT = st.text(alphabet="ab 漢é😀-", max_size=60)
LINE = st.lists(st.tuples(TEXT, st.sampled_from(["ink", "dim"])), max_size=5)


def test_neighbours_of_one_role_become_one_run() -> None:
    assert merge([("a", "ink"), ("b", "ink"), ("", "dim"), ("c", "dim")]) == (("ab", "ink"), ("c", "dim"))


def test_crop_ends_in_an_ellipsis_only_where_something_was_cut() -> None:
    assert text_of(crop([("abcdef", "ink")], 6)) == "abcdef"
    assert text_of(crop([("abc", "ink"), ("def", "dim")], 5)) == "abcd…"
    assert crop([("abc", "ink")], 0) == ()


def test_what_is_cut_inside_keeps_its_end_by_which_it_is_told_from_others() -> None:
    assert crop_inside("HDA Intel PCH: ALC257 Analog (hw:0,0)", 24) == "HDA Intel PCH:… (hw:0,0)"
    assert crop_inside("short", 5) == "short"


@given(TEXT, st.integers(1, 30))
def test_cut_inside_it_fits(text: str, width: int) -> None:
    assert width_of([(crop_inside(text, width), "ink")]) <= width


def test_wrap_breaks_at_spaces_and_keeps_roles() -> None:
    rows = wrap([("one two ", "ink"), ("three", "dim")], 8)
    assert [text_of(row) for row in rows] == ["one two", "three"]
    assert rows[1] == (("three", "dim"),)


def test_a_word_of_two_roles_is_not_parted() -> None:
    assert [text_of(row) for row in wrap([("aa bb", "ink"), ("cc", "dim")], 5)] == ["aa", "bbcc"]


def test_a_word_longer_than_the_line_is_broken() -> None:
    assert [text_of(row) for row in wrap([("abcdefgh", "ink")], 3)] == ["abc", "def", "gh"]


def test_wide_characters_count_two_cells() -> None:
    assert [text_of(row) for row in wrap([("漢字漢字", "ink")], 4)] == ["漢字", "漢字"]


@given(LINE, st.integers(2, 30))
def test_wrapping_loses_no_character_but_spaces_and_never_overflows(line: list[tuple[str, str]], width: int) -> None:
    rows = wrap(line, width)
    assert all(width_of(row) <= width for row in rows)
    assert "".join(text_of(row) for row in rows).replace(" ", "") == text_of(line).replace(" ", "")


@given(LINE, st.integers(0, 30))
def test_cropping_never_overflows(line: list[tuple[str, str]], width: int) -> None:
    assert width_of(crop(line, width)) <= width


def test_spaces_go_with_the_colour_before_them_unless_a_ground_would_show() -> None:
    assert joined([("██", "voice"), ("  ", "faint"), ("█", "voice")]) == (("██  █", "voice"),)
    assert joined([(" ", "faint"), ("█", "voice")]) == ((" ", "faint"), ("█", "voice"))
    kept = (("a", "on warn"), (" ", "dim"), ("b", "voice"), (" ", "cut voice"), (" ", "key"))
    assert joined(kept) == kept
