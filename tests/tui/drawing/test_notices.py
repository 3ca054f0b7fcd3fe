from __future__ import annotations

from tui_assistant.runtime.api import Told
from tui_assistant.tui.drawing.notices import SHOWN_AT_ONCE, WAITING_AT_MOST, NoticeBoard, draw
from tui_assistant.tui.drawing.runs import text_of, width_of


def test_a_message_stays_at_least_three_seconds_and_then_goes() -> None:
    board = NoticeBoard()
    board.add(Told("no"))
    assert board.visible(10.0) == (Told("no"),)
    assert board.visible(13.1) == (Told("no"),)
    assert board.visible(30.0) == ()


def test_a_long_message_stays_longer() -> None:
    board = NoticeBoard()
    board.add(Told("word " * 20))
    board.visible(0.0)
    assert board.visible(6.0) != ()


def test_those_that_wait_get_their_time_too() -> None:
    board = NoticeBoard()
    told = [Told(f"error {number}", "error") for number in range(SHOWN_AT_ONCE + 1)]
    for message in told:
        board.add(message)
    assert board.visible(0.0) == tuple(told[:-1])
    assert board.visible(4.1) == (told[-1],)
    assert board.visible(7.2) == (told[-1],)


def test_the_same_again_is_one_message() -> None:
    board = NoticeBoard()
    for _ in range(3):
        board.add(Told("lost"))
    assert board.visible(0.0) == (Told("lost"),)


def test_a_storm_is_bounded_and_counted() -> None:
    board = NoticeBoard()
    for number in range(WAITING_AT_MOST + 5):
        board.add(Told(str(number)))
    assert board.skipped == 5


def test_kinds_are_told_apart_without_colour_and_the_suggestion_is_last() -> None:
    lines = [text_of(line) for line in draw((Told("a"), Told("b", "warning"), Told("c", "error")), "press D", 60)]
    assert lines == [" · a", " ! b", " ✗ c", " → press D"]


def test_a_long_message_is_wrapped_to_three_rows_at_most() -> None:
    lines = draw((Told("many words " * 90, "error"),), "", 40)
    assert len(lines) == 3
    assert all(width_of(line) <= 40 for line in lines)
