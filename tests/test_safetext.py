from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_assistant.safetext import clean

ATTACKS = [
    "\x1b]0;title\x07",
    "\x1b]52;c;aGk=\x07",
    "\x9b2J",
    "\x1b[2J",
    "\x90q\x9c",
    "a\rb",
    "\u202egnp.exe",
    "a\u2028b",
    "\ud800",
    "\U000e0041",
]


@pytest.mark.parametrize("text", ATTACKS)
def test_nothing_that_acts_on_a_terminal_is_left(text: str) -> None:
    result = clean(text)
    assert not [char for char in result if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}]
    assert "\u202e" not in result
    result.encode("utf-8")  # lone surrogates would raise


@pytest.mark.parametrize(
    "text", ["Zürich ist schön", "नमस्ते", "क्‍ष", "👩‍👩‍👧", "日本語", "[bold]not markup[/bold]", "שלום"]
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


def test_line_breaks_are_spaces_unless_wanted() -> None:
    assert clean("one\r\ntwo\tthree") == "one two three"
    assert clean("one\r\ntwo\tthree", lines=True) == "one\ntwo    three"


def test_the_limit_cuts_with_an_ellipsis() -> None:
    assert clean("abcdef", limit=4) == "abc…"
    assert clean("abcd", limit=4) == "abcd"


@given(st.text(alphabet=st.characters(), max_size=50))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert "\x1b" not in once
    assert "\n" not in once
