from __future__ import annotations

import pytest

from tui_assistant.client.bargein import NEEDED, OF, BargeIn


def first(pattern: str) -> int | None:
    """The number of the frame that interrupts; x is speech."""
    rule = BargeIn()
    said = [rule.frame(each == "x") for each in pattern]
    return said.index(True) if True in said else None


def test_five_of_ten() -> None:
    assert (NEEDED, OF) == (5, 10)


@pytest.mark.parametrize(
    ("pattern", "at"),
    [
        ("xxxxx", 4),
        ("x.x.x.x.x", 8),  # torn by the canceller
        ("xx..xx...x", 9),
        ("x" + "." * 6 + "xxxx", None),  # the first one is too long ago
        ("xx" + "........" + "xx" + "........" + "xx", None),  # what an onset needs is not enough
        ("xxxx" + "......" * 3, None),
        ("..........", None),
    ],
)
def test_when_it_is_an_interruption(pattern: str, at: int | None) -> None:
    assert first(pattern) == at


def test_it_stays_one_while_the_voice_goes_on() -> None:
    rule = BargeIn()
    assert [rule.frame(True) for _ in range(8)] == [False] * 4 + [True] * 4


def test_another_answer_begins_anew() -> None:
    rule = BargeIn()
    for _ in range(4):
        rule.frame(True)
    rule.restart()
    assert not rule.frame(True)
