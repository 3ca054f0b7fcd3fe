"""The talk key at its limits: just before and just at each time that decides something; and calls that come late."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hold_traces import edges, play, pulses, repeating, wait

from tui_assistant.client.hold import (
    Begin,
    Edge,
    End,
    EndReason,
    Hold,
    HoldPhase,
    KeyEdge,
    Learned,
    Method,
    Resume,
    Step,
    Warn,
)

LOCAL = Learned(first_ms=500, median_ms=33, p95_ms=35)  # window 150, first repeat awaited for 675
COUNTDOWN = End(30_000, EndReason.COUNTDOWN, False)


@pytest.fixture
def hold() -> Hold:
    return Hold(Method.RELEASED)


@pytest.fixture
def inferred() -> Hold:
    return Hold(Method.INFERRED, LOCAL)


def tap(at: float) -> list[KeyEdge]:
    return edges(("press", at), ("release", at + 90))


def counted_down(hold: Hold) -> Hold:
    """A latched turn has ended with its countdown, at 30 s."""
    assert play(hold, tap(0), 30_000) == [Begin(0), COUNTDOWN]
    return hold


def test_what_is_awaited_next(hold: Hold) -> None:
    assert (hold.phase, hold.deadline, hold.countdown_ms) == (HoldPhase.FREE, None, None)
    play(hold, edges(("press", 1_000)))
    assert hold.deadline == 1_250
    play(hold, edges(("release", 1_090)))
    assert hold.deadline == 31_000
    hold.heard(True, 5_000)
    assert hold.deadline == 6_500
    wait(hold, 6_500)
    assert hold.deadline == 6_700
    wait(hold, 6_700)
    play(hold, edges(("press", 7_000)))
    assert hold.deadline == 7_250  # a press that does nothing unless it is held
    wait(hold, 117_000)
    assert hold.deadline == 127_000


def test_what_is_awaited_next_of_pulses(inferred: Hold) -> None:
    play(inferred, pulses([1_000]))
    assert inferred.deadline == 1_675
    play(inferred, pulses([1_500]))
    assert inferred.deadline == 1_650
    wait(inferred, 1_650)
    assert inferred.deadline == 1_850
    inferred = Hold(Method.INFERRED, LOCAL)
    play(inferred, pulses([0]), 30_100)
    play(inferred, pulses([30_150]))
    assert inferred.deadline == 30_200  # of the tail
    wait(inferred, 30_200)
    assert inferred.deadline == 30_825
    assert wait(inferred, 30_825) == []
    assert inferred.deadline is None


def test_a_press_is_held_from_250_ms_on(hold: Hold) -> None:
    play(hold, edges(("press", 0)), 249)
    assert hold.phase is HoldPhase.PRESSED
    assert play(hold, edges(("release", 250))) == [End(250, EndReason.RELEASED, False)]


@pytest.mark.parametrize(("at", "steps"), [(1_039, [Resume(1_039)]), (1_040, [Begin(1_040)])])
def test_chatter_is_sooner_than_40_ms(hold: Hold, at: float, steps: list[Step]) -> None:
    play(hold, edges(("press", 0), ("release", 1_000)))
    assert play(hold, edges(("press", at))) == steps


def test_a_press_after_another_end_is_no_chatter(hold: Hold) -> None:
    play(hold, tap(0), 5_000)
    assert play(hold, edges(("press", 5_000), ("release", 5_020))) == [End(5_000, EndReason.TAP, False)]
    assert play(hold, edges(("press", 5_050))) == [Begin(5_050)]


@pytest.mark.parametrize(("after", "steps"), [(799, []), (800, [Begin(30_800)])])
def test_a_tap_within_800_ms_meant_the_end(hold: Hold, after: float, steps: list[Step]) -> None:
    assert play(counted_down(hold), tap(30_000 + after), 31_200) == steps
    hold = counted_down(Hold(Method.RELEASED))
    assert hold.toggle(30_000 + after) == steps


def test_a_press_that_is_let_go_of_by_the_focus_does_nothing(hold: Hold) -> None:
    play(counted_down(hold), edges(("press", 30_300)))
    assert hold.blur(30_400) == []
    assert (wait(hold, 40_000), hold.phase) == ([], HoldPhase.FREE)
    assert play(hold, edges(("press", 40_100))) == [Begin(40_100)]  # the key counts as let go


def test_a_key_that_the_focus_let_go_of_may_be_pressed_at_once(hold: Hold) -> None:
    play(hold, edges(("press", 0)), 300)
    assert hold.blur(300) == [End(300, EndReason.BLUR, False)]
    assert play(hold, edges(("press", 700))) == [Begin(700)]


def test_after_a_drop_no_end_is_remembered(hold: Hold) -> None:
    counted_down(hold).drop()
    assert play(hold, tap(30_300)) == [Begin(30_300)]
    hold = counted_down(Hold(Method.RELEASED))
    play(hold, edges(("press", 30_300)))
    hold.drop()
    assert wait(hold, 40_000) == []


@pytest.mark.parametrize(("after", "steps"), [(799, []), (800, [Begin(1_800)])])
def test_a_dropped_key_that_goes_on_is_known_by_its_repeats(hold: Hold, after: float, steps: list[Step]) -> None:
    play(hold, edges(("press", 0)), 900)
    hold.drop()
    assert play(hold, edges(("repeat", 1_000), ("press", 1_000 + after))) == steps


def test_the_countdown_ends_also_who_still_speaks(hold: Hold) -> None:
    play(hold, tap(0), 29_000)
    hold.heard(True, 29_000)
    assert wait(hold, 31_000) == [End(30_000, EndReason.COUNTDOWN, True)]
    hold = Hold(Method.RELEASED)
    play(hold, tap(0), 28_500)
    hold.heard(True, 28_500)
    assert wait(hold, 31_000) == [End(30_000, EndReason.COUNTDOWN, True)]  # both at once


def test_speech_of_a_turn_before_is_not_that_of_this_one(hold: Hold) -> None:
    play(hold, tap(0), 1_000)
    hold.heard(True, 1_000)
    play(hold, tap(1_500), 5_000)
    hold.heard(True, 5_000)  # nobody holds the floor
    assert play(hold, tap(6_000), 36_000) == [Begin(6_000), End(36_000, EndReason.COUNTDOWN, False)]


@pytest.mark.parametrize("tail_ms", [0, 500])
def test_the_tail_is_a_setting(tail_ms: int) -> None:
    hold = Hold(Method.RELEASED, tail_ms=tail_ms)
    play(hold, edges(("press", 0)), 900)
    play(hold, edges(("release", 1_000)))
    assert hold.phase is (HoldPhase.ENDING if tail_ms else HoldPhase.FREE)
    assert hold.deadline == (1_500 if tail_ms else None)


# pulses


@pytest.mark.parametrize(("gap", "phase"), [(5.9, HoldPhase.ARMED), (6, HoldPhase.HELD)])
def test_two_pulses_are_a_hold_unless_they_came_together(inferred: Hold, gap: float, phase: HoldPhase) -> None:
    play(inferred, pulses([0, gap]))
    assert inferred.phase is phase


@pytest.mark.parametrize(
    ("tick", "steps", "deadline"),
    [
        (660, [End(650, EndReason.GAP, False)], 850),
        (660.5, [], 720.5),
        (1_649, [], 1_709),
        (1_650, [End(650, EndReason.GAP, False)], None),
    ],
)
def test_a_late_tick_is_excused_where_a_process_may_have_stood_still(
    inferred: Hold, tick: float, steps: list[Step], deadline: float | None
) -> None:
    play(inferred, pulses([0, 500]))
    assert inferred.tick(tick) == steps
    assert inferred.deadline == deadline


def test_it_is_excused_once_and_again_after_the_next_repeat(inferred: Hold) -> None:
    play(inferred, pulses([0, 500]))
    assert inferred.tick(700) == []
    assert inferred.tick(800) == [End(760, EndReason.GAP, False)]
    inferred = Hold(Method.INFERRED, LOCAL)
    play(inferred, pulses([0, 500]))
    inferred.tick(700)
    play(inferred, pulses([710]))
    assert inferred.tick(900) == []
    inferred.tick(960)
    assert inferred.phase is HoldPhase.ENDING
    assert play(inferred, pulses([970])) == [Resume(970)]
    assert inferred.deadline == 1_120
    assert inferred.tick(1_200) == []


def test_a_resumed_hold_ends_by_its_own_gap(inferred: Hold) -> None:
    times = [0, 500, 700]
    assert play(inferred, pulses(times), 2_000) == [
        Begin(0),
        End(650, EndReason.GAP, False),
        Resume(700),
        End(850, EndReason.GAP, False),
    ]


def test_a_press_that_turned_out_to_be_held_ends_by_its_gap(inferred: Hold) -> None:
    play(inferred, pulses([0]), 30_100)
    assert play(inferred, pulses([30_300, 30_800]), 32_000) == [Begin(30_300), End(30_950, EndReason.GAP, False)]


def test_a_pulse_in_the_tail_of_another_end_is_a_press(inferred: Hold) -> None:
    inferred.toggle(0)
    assert inferred.toggle(1_000) == [End(1_000, EndReason.TAP, False)]
    assert play(inferred, pulses([1_100]), 3_000) == [Begin(1_100)]
    assert inferred.phase is HoldPhase.LATCHED


def test_a_pulse_soon_after_another_end_is_a_tap(inferred: Hold) -> None:
    inferred.toggle(0)
    inferred.toggle(1_000)
    assert play(inferred, pulses([1_300]), 3_000) == [Begin(1_300)]
    assert inferred.phase is HoldPhase.LATCHED


@pytest.mark.parametrize(("after", "phase"), [(299, HoldPhase.FREE), (300, HoldPhase.LATCHED)])
def test_a_pulse_within_300_ms_of_the_tail_may_be_a_late_repeat(inferred: Hold, after: float, phase: HoldPhase) -> None:
    play(inferred, pulses([0, 500]))  # ends at 650, and the tail at 850
    steps = play(inferred, pulses([850 + after]), 3_000)
    assert [type(step) for step in steps[:2]] == [End, Begin]
    assert inferred.phase is phase


@pytest.mark.parametrize(("gap", "p95"), [(149, 500), (150, 35)])
def test_a_late_repeat_is_known_by_the_next_one(inferred: Hold, gap: float, p95: float) -> None:
    play(inferred, pulses([0, 500]), 900)
    play(inferred, pulses([1_000, 1_000 + gap]))
    assert inferred.learned == Learned(500, 33, p95)


def test_speech_makes_a_tap_of_what_may_be_a_late_repeat(inferred: Hold) -> None:
    play(inferred, pulses([0, 500]), 900)
    play(inferred, pulses([1_000]))
    inferred.heard(True, 1_100)
    assert wait(inferred, 2_000) == []
    assert inferred.phase is HoldPhase.LATCHED


def test_the_pause_after_a_late_repeat_teaches_nothing_of_first_repeats(inferred: Hold) -> None:
    play(inferred, pulses([0, 500]), 900)
    play(inferred, pulses([1_000, *(1_250 + 33 * n for n in range(8))]), 3_000)
    assert inferred.learned.first_ms == 500


@pytest.mark.parametrize(
    ("before", "gap", "begins"),
    [([0, 500, 533], 149, False), ([0, 500, 533], 150, True), ([0], 674, False), ([0], 675, True)],
)
def test_a_pause_releases_a_key_whose_floor_was_taken(
    inferred: Hold, before: list[float], gap: float, begins: bool
) -> None:
    play(inferred, pulses(before))
    inferred.drop()
    at = before[-1] + gap
    assert play(inferred, pulses([at, at + 149])) == ([Begin(at)] if begins else [])


def test_what_is_known_of_the_terminal_can_be_set(inferred: Hold) -> None:
    inferred.learned = Learned(first_ms=600)
    play(inferred, pulses([0]))
    assert inferred.deadline == 800


# terminals that say now this and now that


def test_a_repeat_goes_on_with_what_a_pulse_began(hold: Hold) -> None:
    play(hold, [KeyEdge(Edge.PULSE, 0), KeyEdge(Edge.REPEAT, 500)])
    assert (hold.phase, hold.deadline) == (HoldPhase.HELD, 1_000)


def test_a_pulse_after_a_key_that_was_let_go_of_is_a_press(hold: Hold) -> None:
    play(hold, edges(("press", 0)), 300)
    hold.blur(300)
    assert hold.key(KeyEdge(Edge.PULSE, 400)) == [Begin(400)]


def test_another_method_is_for_the_next_hold(inferred: Hold) -> None:
    play(inferred, pulses([0, 500]))
    inferred.method = Method.TOGGLE
    assert play(inferred, pulses([533]), 2_000) == [End(683, EndReason.GAP, False)]
    assert play(inferred, pulses([3_000]), 60_000) == [Begin(3_000)]  # and no countdown


# where a press switches


def test_a_press_that_is_not_believed_yet_does_not_hide_the_warning() -> None:
    hold = Hold(Method.TOGGLE)
    steps = play(hold, pulses([*repeating(109_600, every_ms=100), 109_950]), 110_100)
    assert steps == [Begin(0), Warn(10_000), End(109_950, EndReason.TAP, False)]
    assert hold.deadline == 110_150


def test_a_dropped_press_is_not_believed_later() -> None:
    hold = Hold(Method.TOGGLE)
    play(hold, pulses([0, 400]))
    hold.drop()
    assert (hold.deadline, wait(hold, 5_000)) == (None, [])


# calls that come after something was due: nobody has ticked


@pytest.mark.parametrize(
    ("call", "more"),
    [
        (lambda hold: hold.tick(40_000), []),
        (lambda hold: hold.toggle(40_000), [Begin(40_000)]),
        (lambda hold: hold.blur(40_000), []),
        (lambda hold: hold.heard(True, 40_000), []),
        (lambda hold: hold.key(KeyEdge(Edge.PRESS, 40_000)), [Begin(40_000)]),
        (lambda hold: hold.key(KeyEdge(Edge.PULSE, 40_000)), [Begin(40_000)]),
        (lambda hold: hold.key(KeyEdge(Edge.REPEAT, 40_000)), []),
        (lambda hold: hold.key(KeyEdge(Edge.RELEASE, 40_000)), []),
    ],
)
def test_every_call_tells_first_what_was_due(hold: Hold, call: Callable[[Hold], list[Step]], more: list[Step]) -> None:
    play(hold, tap(0))
    assert call(hold) == [COUNTDOWN, *more]


@pytest.mark.parametrize(
    ("edge", "more"),
    [
        (Edge.PULSE, [End(111_000, EndReason.TAP, False)]),
        (Edge.PRESS, [End(111_000, EndReason.TAP, False)]),
        (Edge.REPEAT, []),
        (Edge.RELEASE, []),
    ],
)
def test_so_does_an_edge_where_a_press_switches(edge: Edge, more: list[Step]) -> None:
    hold = Hold(Method.TOGGLE)
    assert hold.key(KeyEdge(Edge.PULSE, 0)) == [Begin(0)]
    assert hold.key(KeyEdge(edge, 111_000)) == [Warn(10_000), *more]


@pytest.mark.parametrize(
    ("edge", "more"), [(Edge.PULSE, [Begin(3_000)]), (Edge.PRESS, [Begin(3_000)]), (Edge.RELEASE, [])]
)
def test_and_an_edge_where_only_repeats_count(inferred: Hold, edge: Edge, more: list[Step]) -> None:
    play(inferred, pulses([0, 500]))
    assert inferred.key(KeyEdge(edge, 3_000)) == [End(650, EndReason.GAP, False), *more]


def test_a_hold_that_nobody_watched_is_ended_at_its_longest(hold: Hold) -> None:
    play(hold, edges(("press", 1_000)))
    assert play(hold, []) == []
    assert hold.key(KeyEdge(Edge.RELEASE, 130_000)) == [Warn(10_000), End(121_000, EndReason.LONGEST, False)]
    assert hold.phase is HoldPhase.FREE
