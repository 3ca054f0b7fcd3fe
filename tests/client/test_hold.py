"""The talk key where the terminal tells of releases, and what all methods share."""

from __future__ import annotations

import pytest
from hold_traces import edges, play, wait

from tui_assistant.client.hold import Begin, Edge, End, EndReason, Hold, HoldPhase, KeyEdge, Method, Resume, Warn


@pytest.fixture
def hold() -> Hold:
    return Hold(Method.RELEASED)


def tap(at: float) -> list[KeyEdge]:
    return edges(("press", at), ("release", at + 90))


def test_a_hold_is_from_the_press_to_the_release(hold: Hold) -> None:
    assert play(hold, edges(("press", 1_000))) == [Begin(1_000)]
    assert hold.phase is HoldPhase.PRESSED
    wait(hold, 1_250)
    assert hold.phase is HoldPhase.HELD
    assert hold.deadline == 111_000  # nothing but the longest hold is awaited
    assert play(hold, edges(("repeat", 1_500), ("repeat", 1_530), ("release", 3_000))) == [
        End(3_000, EndReason.RELEASED, spoke=False)
    ]
    assert hold.phase is HoldPhase.ENDING
    wait(hold, 3_200)
    assert (hold.phase, hold.deadline) == (HoldPhase.FREE, None)


def test_a_hold_of_300_ms_is_a_hold(hold: Hold) -> None:
    assert play(hold, edges(("press", 0), ("release", 300)), 400) == [Begin(0), End(300, EndReason.RELEASED, False)]


def test_a_tap_latches_and_the_next_tap_ends(hold: Hold) -> None:
    assert play(hold, tap(0), 5_000) == [Begin(0)]
    assert (hold.phase, hold.countdown_ms) == (HoldPhase.LATCHED, 30_000)
    assert play(hold, tap(5_000), 6_000) == [End(5_000, EndReason.TAP, False)]
    assert hold.phase is HoldPhase.FREE


def test_a_latched_turn_ends_with_the_countdown(hold: Hold) -> None:
    assert play(hold, tap(0), 60_000) == [Begin(0), End(30_000, EndReason.COUNTDOWN, False)]


def test_a_latched_turn_ends_with_silence_after_speech(hold: Hold) -> None:
    play(hold, tap(0), 8_000)
    assert hold.heard(False, 8_032) == []
    hold.heard(True, 8_064)
    for at in range(8_096, 9_564, 32):
        assert hold.heard(False, at) == []
    assert wait(hold, 20_000) == [End(9_564, EndReason.SILENCE, spoke=True)]


def test_a_pause_between_words_ends_no_latched_turn(hold: Hold) -> None:
    play(hold, tap(0), 500)
    for at in (1_000, 2_400, 3_800, 5_200):
        assert hold.heard(True, at) == []
    assert wait(hold, 10_000) == [End(6_700, EndReason.SILENCE, True)]


@pytest.mark.parametrize("reason", [EndReason.SILENCE, EndReason.COUNTDOWN])
def test_a_tap_just_after_that_end_does_nothing(hold: Hold, reason: EndReason) -> None:
    play(hold, tap(0), 1_000)
    if reason is EndReason.SILENCE:
        hold.heard(True, 1_000)
    (end,) = wait(hold, 2_500) or wait(hold, 30_000)
    assert isinstance(end, End)
    assert end.reason is reason
    assert play(hold, tap(end.at_ms + 700), end.at_ms + 10_000) == []
    assert hold.phase is HoldPhase.FREE
    assert play(hold, tap(end.at_ms + 10_000)) == [Begin(end.at_ms + 10_000)]


def test_a_hold_just_after_that_end_is_no_tap(hold: Hold) -> None:
    play(hold, tap(0), 30_100)
    assert play(hold, edges(("press", 30_400)), 30_600) == []
    assert wait(hold, 30_650) == [Begin(30_400)]
    assert play(hold, edges(("release", 32_000))) == [End(32_000, EndReason.RELEASED, False)]


def test_pressing_and_holding_while_latched_makes_it_a_hold(hold: Hold) -> None:
    play(hold, tap(0), 4_000)
    assert play(hold, edges(("press", 4_000)), 60_000) == []
    assert (hold.phase, hold.countdown_ms) == (HoldPhase.HELD, None)
    assert play(hold, edges(("release", 60_000))) == [End(60_000, EndReason.RELEASED, False)]


def test_speech_is_told_with_the_end(hold: Hold) -> None:
    hold.heard(True, 0)  # before anybody held the floor
    play(hold, edges(("press", 10)), 400)
    assert play(hold, edges(("release", 500)), 1_000) == [End(500, EndReason.RELEASED, spoke=False)]
    play(hold, edges(("press", 2_000)), 2_400)
    hold.heard(True, 2_432)
    assert play(hold, edges(("release", 9_000))) == [End(9_000, EndReason.RELEASED, spoke=True)]


def test_the_longest_hold_is_warned_of_and_ended(hold: Hold) -> None:
    assert play(hold, edges(("press", 0)), 110_000) == [Begin(0), Warn(10_000)]
    assert hold.countdown_ms == 120_000
    assert wait(hold, 120_000) == [End(120_000, EndReason.LONGEST, False)]
    # the key is still down: nothing more until it has been let go
    assert play(hold, edges(("repeat", 120_030), ("press", 120_060), ("release", 125_000)), 130_000) == []
    assert play(hold, edges(("press", 131_000))) == [Begin(131_000)]


def test_losing_the_focus_is_a_release(hold: Hold) -> None:
    play(hold, edges(("press", 0)), 1_000)
    assert hold.blur(1_000) == [End(1_000, EndReason.BLUR, False)]
    assert play(hold, edges(("release", 1_001)), 1_300) == []  # kitty sends one of its own
    assert play(hold, edges(("press", 1_400))) == [Begin(1_400)]
    assert hold.blur(1_500) == [End(1_500, EndReason.BLUR, False)]


def test_a_latched_turn_needs_no_focus(hold: Hold) -> None:
    play(hold, tap(0), 1_000)
    assert hold.blur(1_000) == []
    assert hold.phase is HoldPhase.LATCHED


def test_a_dropped_hold_is_forgotten(hold: Hold) -> None:
    play(hold, edges(("press", 0)), 1_000)
    hold.drop()
    assert (hold.phase, hold.deadline) == (HoldPhase.FREE, None)
    assert play(hold, edges(("repeat", 1_030), ("press", 1_060), ("release", 2_000)), 3_000) == []
    assert play(hold, edges(("press", 4_000))) == [Begin(4_000)]


def test_chatter_at_the_release_ends_nothing(hold: Hold) -> None:
    steps = play(hold, edges(("press", 0), ("release", 1_000), ("press", 1_010), ("release", 2_000)), 3_000)
    assert steps == [
        Begin(0),
        End(1_000, EndReason.RELEASED, False),
        Resume(1_010),
        End(2_000, EndReason.RELEASED, False),
    ]


def test_repeats_sent_as_release_and_press_are_one_hold(hold: Hold) -> None:
    said = [("press", 0.0)]
    for at in range(500, 2_000, 33):
        said += [("release", float(at)), ("press", at + 1.0)]
    steps = play(hold, edges(*said, ("release", 2_000)), 3_000)
    assert sum(isinstance(step, Begin) for step in steps) == 1
    assert steps[-1] == End(2_000, EndReason.RELEASED, False)


def test_a_quick_next_hold_is_a_turn_of_its_own(hold: Hold) -> None:
    steps = play(hold, edges(("press", 0), ("release", 1_000), ("press", 1_120), ("release", 2_000)), 3_000)
    assert [type(step) for step in steps] == [Begin, End, Begin, End]


def test_doubled_and_missing_edges_do_no_harm(hold: Hold) -> None:
    assert play(hold, edges(("release", 0), ("repeat", 5))) == []
    assert play(hold, edges(("press", 1_000), ("press", 1_001), ("release", 2_000), ("release", 2_001)), 3_000) == [
        Begin(1_000),
        End(2_000, EndReason.RELEASED, False),
    ]


def test_time_that_goes_back_a_little_is_taken_as_standing_still(hold: Hold) -> None:
    hold.tick(1_003)
    assert hold.key(KeyEdge(Edge.PRESS, 1_000)) == [Begin(1_003)]
    assert hold.tick(998) == []


def test_a_pulse_latches_also_where_releases_are_known(hold: Hold) -> None:
    """Keys that another program types in (tmux send-keys) come without a release."""
    assert play(hold, [KeyEdge(Edge.PULSE, 0)], 2_000) == [Begin(0)]
    assert hold.phase is HoldPhase.LATCHED


@pytest.mark.parametrize("method", list(Method))
def test_toggle_begins_and_ends_in_every_method(method: Method) -> None:
    hold = Hold(method)
    assert hold.toggle(0) == [Begin(0)]
    assert (hold.phase, hold.countdown_ms) == (HoldPhase.LATCHED, None)
    hold.heard(True, 100)
    assert wait(hold, 50_000) == []  # neither silence nor a countdown
    assert hold.toggle(50_000) == [End(50_000, EndReason.TAP, True)]


def test_toggle_ends_a_hold_too(hold: Hold) -> None:
    play(hold, edges(("press", 0)), 1_000)
    assert hold.toggle(1_000) == [End(1_000, EndReason.TAP, False)]
    assert play(hold, edges(("repeat", 1_020), ("release", 2_000)), 3_000) == []


def test_a_tap_ends_what_toggle_began(hold: Hold) -> None:
    hold.toggle(0)
    assert play(hold, tap(2_000)) == [End(2_000, EndReason.TAP, False)]
