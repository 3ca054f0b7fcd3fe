"""What is learned of a terminal's auto-repeat, and how long is waited because of it."""

from __future__ import annotations

import pytest

from tui_assistant.client.repeat import Learned, Presses, Repeats, _rank


def held(repeats: Repeats, gaps: int, *, pause: float = 480, every: float = 33, fresh: bool = True) -> Learned:
    """One hold, with so many gaps between its repeats."""
    repeats.press(1_000, fresh=fresh)
    for number in range(gaps + 1):
        repeats.pulse(1_000 + pause + number * every)
    repeats.finish()
    return repeats.learned


@pytest.mark.parametrize(
    ("gaps", "learned"),
    [
        (3, Learned()),  # they may have been taps
        (4, Learned(480, 0, 0)),
        (5, Learned(480, 0, 0)),
        (6, Learned(480, 33, 33)),
        (300, Learned(480, 33, 33)),
    ],
)
def test_it_takes_some_repeats_to_learn_from(gaps: int, learned: Learned) -> None:
    assert held(Repeats(Learned()), gaps) == learned


def test_short_holds_add_up_and_each_teaches_once() -> None:
    repeats = Repeats(Learned())
    held(repeats, 4)
    repeats.finish()
    repeats.finish()
    assert repeats.learned == Learned(480, 0, 0)
    assert held(repeats, 4) == Learned(480, 33, 33)


def test_what_is_known_stays_until_there_is_enough() -> None:
    assert held(Repeats(Learned(480, 33, 35)), 4, every=90) == Learned(480, 33, 35)


def test_a_hold_whose_beginning_was_missed_teaches_nothing_of_it() -> None:
    repeats = Repeats(Learned(500))
    repeats.finish()
    for number in range(6):
        repeats.pulse(number * 300)
    repeats.finish()
    assert repeats.learned == Learned(500)


def test_another_terminal_is_known_after_two_hundred_gaps() -> None:
    repeats = Repeats(Learned())
    held(repeats, 199, every=90)
    assert repeats.learned.median_ms == 90
    held(repeats, 150)
    assert repeats.learned.median_ms == 33


def test_what_was_held_up_together_is_no_gap() -> None:
    repeats = Repeats(Learned())
    repeats.press(0)
    for at in (480, 513, 519, 552, 585, 618, 624, 657):  # 6 ms: handed over together
        repeats.pulse(at)
    repeats.finish()
    assert repeats.learned == Learned(480, 0, 0)
    repeats.press(0)
    for at in (480, 487, 494, 501, 508, 515):  # 7 ms: a fast terminal
        repeats.pulse(at)
    repeats.finish()
    assert repeats.learned == Learned(480, 20, 33)  # five gaps of 33 and five of 7


@pytest.mark.parametrize(
    ("known", "pause", "fresh", "first"),
    [
        (0, 480, True, 480),
        (480, 500, True, 500),  # the longest usual one: it rises at once
        (500, 480, True, 498),  # and falls slowly
        (500, 480.55, True, 498.1),
        (0, 480.26, True, 480.3),
        (0, 200, True, 200),
        (0, 199, True, 0),  # a double tap
        (500, 199, True, 500),
        (0, 800, True, 800),
        (500, 801, True, 500),
        (500, 600, False, 500),  # it may have been a late repeat
    ],
)
def test_the_pause_before_the_first_repeat(known: float, pause: float, fresh: bool, first: float) -> None:
    assert held(Repeats(Learned(first_ms=known)), 4, pause=pause, fresh=fresh) == Learned(first_ms=first)


def test_the_spread_rises_at_once_and_falls_slowly() -> None:
    assert held(Repeats(Learned(480, 33, 100)), 20).p95_ms == 93.3
    assert held(Repeats(Learned(480, 33, 35)), 20, every=90.26) == Learned(480, 90.3, 90.3)


def test_one_late_repeat_widens_the_window_and_changes_nothing_else() -> None:
    for gap, p95 in ((300, 300), (900, 500), (20, 35)):
        repeats = Repeats(Learned(480, 33, 35))
        repeats.late(gap)
        assert repeats.learned == Learned(480, 33, p95)


@pytest.mark.parametrize(("n", "rank"), [(1, 0), (6, 5), (100, 99), (150, 147), (180, 176), (200, 196)])
def test_few_gaps_are_taken_for_better_than_they_may_be(n: int, rank: int) -> None:
    assert _rank(n) == rank


@pytest.mark.parametrize(("first", "window"), [(0, 800), (400, 550), (500, 675), (700, 800)])
def test_how_long_a_first_repeat_is_awaited(first: float, window: float) -> None:
    assert Repeats(Learned(first_ms=first)).first_window_ms == window


@pytest.mark.parametrize(
    ("median", "p95", "window"),
    [(1, 1, 150), (33, 35, 150), (60, 100, 200), (33, 95.6, 229.5), (60, 400, 500), (0, 0, 500)],
)
def test_how_long_a_known_terminal_may_be_silent(median: float, p95: float, window: float) -> None:
    assert Repeats(Learned(500, median, p95)).window_ms == pytest.approx(window)


@pytest.mark.parametrize(("gaps", "window"), [(5, 500), (6, 486), (75, 325), (150, 150)])
def test_a_few_quiet_repeats_do_not_make_a_quiet_line(gaps: int, window: float) -> None:
    repeats = Repeats(Learned())
    held(repeats, gaps)
    assert repeats.window_ms == pytest.approx(window)
    held(repeats, 150 - gaps)
    assert repeats.window_ms == 150


@pytest.mark.parametrize(
    ("gap", "sure", "due"),
    [(1, False, None), (119, False, None), (120, False, 240), (699, False, 819), (700, True, None)],
)
def test_a_second_pulse_is_a_press_a_repeat_or_not_known_yet(gap: float, sure: bool, due: float | None) -> None:
    presses = Presses()
    assert presses.due is None
    assert presses.pulse(0)
    assert presses.due is None
    assert presses.pulse(gap) is sure
    assert presses.due == (None if due is None else gap + 120)
    assert not presses.pulse(gap + 30)
    assert presses.waiting is None  # it was a repeat
