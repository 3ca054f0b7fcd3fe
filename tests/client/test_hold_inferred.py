"""The talk key where only auto-repeat is known, and where a press switches. Traces as measured; times in ms."""

from __future__ import annotations

import pytest
from hold_traces import edges, play, pulses, repeating, wait

from tui_assistant.client.hold import Begin, End, EndReason, Hold, HoldPhase, Learned, Method, Resume

LOCAL = Learned(first_ms=500, median_ms=33, p95_ms=35)  # window 150, first repeat awaited for 675


@pytest.fixture
def hold() -> Hold:
    return Hold(Method.INFERRED, LOCAL)


@pytest.mark.parametrize(("first", "every"), [(400, 25), (500, 33), (660, 40), (500, 90)])
def test_a_hold_is_one_turn_in_every_terminal(first: int, every: int) -> None:
    hold = Hold(Method.INFERRED)  # knows nothing of it
    times = repeating(4_000, first, every)
    assert play(hold, pulses(times), 8_000) == [Begin(0), End(times[-1] + 500, EndReason.GAP, False)]


def test_phases_of_a_hold(hold: Hold) -> None:
    play(hold, pulses([0]))
    assert (hold.phase, hold.deadline) == (HoldPhase.ARMED, 675)
    play(hold, pulses([500]))
    assert (hold.phase, hold.deadline) == (HoldPhase.HELD, 650)
    assert wait(hold, 650) == [End(650, EndReason.GAP, False)]
    assert hold.phase is HoldPhase.ENDING
    wait(hold, 850)
    assert hold.phase is HoldPhase.FREE


def test_a_tap_latches_once_no_repeat_has_come(hold: Hold) -> None:
    assert play(hold, pulses([0]), 674) == [Begin(0)]
    assert hold.phase is HoldPhase.ARMED
    wait(hold, 675)
    assert (hold.phase, hold.countdown_ms) == (HoldPhase.LATCHED, 30_000)


def test_the_second_tap_ends_at_its_press(hold: Hold) -> None:
    play(hold, pulses([0]), 5_000)
    assert play(hold, pulses([5_000]), 5_674) == []
    assert wait(hold, 5_675) == [End(5_000, EndReason.TAP, False)]
    assert hold.phase is HoldPhase.FREE  # the tail has long been heard


def test_pressing_and_holding_while_latched_makes_it_a_hold(hold: Hold) -> None:
    play(hold, pulses([0]), 4_000)
    times = repeating(3_000, start=4_000)
    assert play(hold, pulses(times), 9_000) == [End(times[-1] + 150, EndReason.GAP, False)]


def test_a_late_repeat_resumes_what_its_gap_had_ended(hold: Hold) -> None:
    times = [*repeating(1_000), 1_250, 1_283, 1_316]
    last = repeating(1_000)[-1]
    assert play(hold, pulses(times), 3_000) == [
        Begin(0),
        End(last + 150, EndReason.GAP, False),
        Resume(1_250),
        End(1_316 + 150, EndReason.GAP, False),
    ]


def test_repeats_after_the_tail_are_held_again_and_teach(hold: Hold) -> None:
    first = repeating(1_000)
    again = [first[-1] + 400, first[-1] + 401, first[-1] + 434]
    steps = play(hold, pulses([*first, *again]), again[-1] + 100)
    assert [type(step) for step in steps] == [Begin, End, Begin]
    assert hold.phase is HoldPhase.HELD
    assert hold.learned.p95_ms == 400
    wait(hold, again[-1] + 499)
    assert hold.phase is HoldPhase.HELD  # once was enough: the window is 500 now


def test_a_lonely_late_repeat_latches_nothing(hold: Hold) -> None:
    times = repeating(1_000)
    late = times[-1] + 400
    steps = play(hold, pulses([*times, late]), 5_000)
    assert steps[2:] == [Begin(late), End(late, EndReason.GAP, False)]
    assert hold.phase is HoldPhase.FREE


def test_a_tap_just_after_silence_does_nothing_but_a_hold_does(hold: Hold) -> None:
    play(hold, pulses([0]), 1_000)
    hold.heard(True, 1_000)
    assert wait(hold, 2_600) == [End(2_500, EndReason.SILENCE, True)]
    assert play(hold, pulses([3_000]), 5_000) == []
    play(hold, pulses([10_000]), 11_000)
    hold.heard(True, 11_000)
    wait(hold, 12_600)
    times = repeating(2_000, start=13_000)
    assert play(hold, pulses(times), 16_000) == [Begin(13_000), End(times[-1] + 150, EndReason.GAP, False)]


def test_the_key_still_down_after_the_longest_hold_does_nothing(hold: Hold) -> None:
    times = repeating(130_000)
    steps = play(hold, pulses(times), 140_000)
    assert [type(step).__name__ for step in steps] == ["Begin", "Warn", "End"]
    assert steps[-1] == End(120_000, EndReason.LONGEST, False)
    assert play(hold, pulses([140_000])) == [Begin(140_000)]


def test_a_dropped_hold_stays_dropped_until_repeats_pause(hold: Hold) -> None:
    play(hold, pulses([0, 500, 533]))
    hold.drop()
    assert play(hold, pulses([566, 599, 632, 665]), 3_000) == []
    play(hold, pulses([4_000]))
    hold.drop()  # before the first repeat
    assert play(hold, pulses([4_500, 4_533, 4_566]), 8_000) == []


def test_chatter_of_a_tap_is_no_hold(hold: Hold) -> None:
    assert play(hold, pulses([0, 3]), 2_000) == [Begin(0)]
    assert hold.phase is HoldPhase.LATCHED


def test_a_late_tick_waits_for_what_was_held_up_with_it(hold: Hold) -> None:
    play(hold, pulses([0, 500, 533]))
    assert hold.tick(950) == []  # 267 ms late: this process stood still
    assert play(hold, pulses([951, 952, 953])) == []
    assert wait(hold, 1_200) == [End(953 + 150, EndReason.GAP, False)]


def test_releases_do_not_matter_where_inferred_was_chosen(hold: Hold) -> None:
    said = edges(("press", 0), ("repeat", 500), ("repeat", 533), ("release", 540))
    assert play(hold, said, 2_000) == [Begin(0), End(683, EndReason.GAP, False)]


def test_the_terminal_is_learned_from_holds() -> None:
    hold, at = Hold(Method.INFERRED), 0.0
    for _ in range(4):
        play(hold, pulses(repeating(2_500, 480, 40, start=at)), at + 5_000)
        at += 6_000
    assert hold.learned == Learned(first_ms=480, median_ms=40, p95_ms=40)
    again = Hold(Method.INFERRED, hold.learned)
    times = repeating(2_000, 480, 40)
    assert play(again, pulses(times), 4_000)[-1] == End(times[-1] + 150, EndReason.GAP, False)


def test_taps_teach_nothing() -> None:
    hold = Hold(Method.INFERRED)
    play(hold, pulses([0, 300, 600, 5_000, 9_000, 9_200]), 60_000)
    assert hold.learned == Learned()


# where a press switches


def acted(times: list[float], method: Method = Method.TOGGLE) -> list[float]:
    return [
        step.at_ms for step in play(Hold(method), pulses(times), times[-1] + 1_000) if isinstance(step, Begin | End)
    ]


def test_two_presses_begin_and_send() -> None:
    assert acted([0, 3_000]) == [0, 3_000]


def test_a_quick_second_press_is_believed_a_little_later() -> None:
    hold = Hold(Method.TOGGLE)
    play(hold, pulses([0, 400]), 519)
    assert hold.phase is HoldPhase.LATCHED
    assert wait(hold, 520) == [End(400, EndReason.TAP, False)]


@pytest.mark.parametrize("first", [250, 400, 500, 660])
@pytest.mark.parametrize("every", [25, 40, 90])
def test_a_held_key_switches_once(first: int, every: int) -> None:
    assert acted(repeating(9_000, first, every)) == [0]


def test_after_holding_the_next_press_counts() -> None:
    held = [0.0, 500.0, 530.0, 560.0, 590.0]
    assert acted([*held, 3_000.0]) == [0, 3_000]
    assert acted([*held, 900.0]) == [0, 900]


def test_real_presses_switch_at_once() -> None:
    hold = Hold(Method.TOGGLE)
    said = edges(("press", 0), ("repeat", 500), ("release", 600), ("press", 700), ("release", 750))
    assert play(hold, said, 2_000) == [Begin(0), End(700, EndReason.TAP, False)]
