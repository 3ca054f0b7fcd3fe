"""TurnTracker frame by frame; agreement over whole recordings is test_oracle's."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from tui_assistant.engine.frontend import Frame
from tui_assistant.engine.observation import TurnState
from tui_assistant.engine.ports import Judged
from tui_assistant.engine.turn import Question, Started, Stopped, TurnTracker, prefix_padding_ms
from tui_assistant.errors import LocalProtocolError
from tui_assistant.protocol.session import SemanticVad, ServerVad
from tui_assistant.sound.level import rms_dbfs

FRAME_MS = 32


def run(tracker: TurnTracker, p: Iterable[float], first: int = 0) -> list[Started | Stopped | Question]:
    found = (tracker.frame((first + place) * FRAME_MS, value) for place, value in enumerate(p))
    return [decision for decision in found if decision is not None]


def test_two_frames_running_begin_a_turn_at_the_first() -> None:
    (started,) = run(TurnTracker(ServerVad()), [0.5, 0.4, 0.5, 0.6])
    assert started == Started(64, 128, {"rule": "threshold", "p": 0.6, "threshold": 0.5, "held_ms": 64})


@pytest.mark.parametrize("p", [[0.5, 0.499] * 9, [0.499] * 9, [0.9]])
def test_one_frame_is_no_speech(p: list[float]) -> None:
    assert run(TurnTracker(ServerVad()), p) == []


def test_silence_ends_at_the_first_frame_end_from_its_duration_on() -> None:
    tracker = TurnTracker(ServerVad(silence_duration_ms=64))
    assert run(tracker, [0.9, 0.9, 0.349]) == [Started(0, 64, {**REASON, "p": 0.9})]
    assert tracker.frame(96, 0.349) == Stopped(128, {"rule": "silence", "silence_ms": 64, "needed_ms": 64})


REASON = {"rule": "threshold", "threshold": 0.5, "held_ms": 64}


@pytest.mark.parametrize(
    ("threshold", "still", "over"), [(0.5, 0.35, 0.349), (0.45, 0.3, 0.299), (0.1, 0.01, 0.009), (0.0, 0.01, 0.009)]
)
def test_speech_goes_on_at_the_lower_threshold(threshold: float, still: float, over: float) -> None:
    tracker = TurnTracker(ServerVad(threshold=threshold, silence_duration_ms=32))
    run(tracker, [0.9, 0.9])
    assert run(tracker, [still] * 5, 2) == []
    assert [type(decision) for decision in run(tracker, [over], 7)] == [Stopped]


@pytest.mark.parametrize("threshold", [0.0, 0.05])
def test_the_threshold_that_works_is_at_least_005(threshold: float) -> None:
    assert run(TurnTracker(ServerVad(threshold=threshold)), [0.049] * 9) == []
    (started,) = run(TurnTracker(ServerVad(threshold=threshold)), [0.05] * 9)
    assert isinstance(started, Started)
    assert started.reason["threshold"] == 0.05, "the figure that decided, not the one that was sent"


def test_no_silence_at_all_ends_at_the_first_silent_frame() -> None:
    tracker = TurnTracker(ServerVad(silence_duration_ms=0))
    assert run(tracker, [0.9] * 5)[1:] == []
    assert tracker.frame(160, 0.0) == Stopped(192, {"rule": "silence", "silence_ms": 32, "needed_ms": 0})


def test_the_longest_turn_is_two_minutes_from_its_onset() -> None:
    tracker = TurnTracker(ServerVad())
    started, stopped, again = run(tracker, [0.0] + [0.9] * 3_760)
    assert isinstance(started, Started)
    assert stopped == Stopped(120_032, {"rule": "max_turn", "turn_ms": 120_000, "longest_ms": 120_000})
    assert isinstance(again, Started)
    assert again.onset_ms == 120_032, "a new turn may begin at once"


def test_new_rules_hold_from_the_next_frame_on_inside_a_turn() -> None:
    tracker = TurnTracker(ServerVad(silence_duration_ms=1_000))
    run(tracker, [0.9, 0.9, 0.0, 0.0])
    tracker.configure(ServerVad(silence_duration_ms=96))
    assert tracker.frame(128, 0.0) == Stopped(160, {"rule": "silence", "silence_ms": 96, "needed_ms": 96})


def test_semantic_turns_end_at_the_slot_of_half_certainty() -> None:
    """medium: wait(0.5) = 200 + 3800 / 4 = 1150 ms, the next slot 1160, the next frame end 1184."""
    tracker = TurnTracker(SemanticVad())
    run(tracker, [0.9, 0.9])
    (stopped,) = run(tracker, [0.0] * 40, 2)
    assert isinstance(stopped, Stopped)
    assert stopped.at_ms == 64 + 1_184
    assert stopped.reason == {"rule": "judge", "p": 0.5, "wait_ms": 1_150, "silence_ms": 1_184, "judge": "none"}


def test_after_abandon_only_frames_that_begin_later_count() -> None:
    tracker = TurnTracker(ServerVad())
    run(tracker, [0.9, 0.9])
    tracker.abandon(65)
    assert not tracker.open
    assert run(tracker, [0.9, 0.9], 2) == [], "the frame from 64 ms on began before 65"
    (started,) = run(tracker, [0.9], 4)
    assert isinstance(started, Started)
    assert started.onset_ms == 96


def test_a_turn_is_stopped_from_outside_once() -> None:
    tracker = TurnTracker(ServerVad())
    run(tracker, [0.9, 0.9])
    assert tracker.stop(70, {"rule": "no_audio"}) == Stopped(70, {"rule": "no_audio"})
    with pytest.raises(LocalProtocolError, match=r"^no turn is open$"):
        tracker.stop(71, {"rule": "no_audio"})


@pytest.mark.parametrize(
    ("given", "used"), [(1.7, 1.0), (-0.2, 0.0), (0.70049, 0.7), (0.7005001, 0.701), (1.0, 1.0), (0.0, 0.0)]
)
def test_what_the_judge_says_is_a_probability_in_thousandths(given: float, used: float) -> None:
    tracker = TurnTracker(SemanticVad(), judged=True)
    *_, asked = run(tracker, [0.9, 0.9] + [0.0] * 7)
    assert asked == Question(9 * FRAME_MS, 224)
    tracker.judged(Judged(given, "j"))
    run(tracker, [0.0] * 2, 9)
    assert tracker._in_effect is None
    decisions = run(tracker, [0.0], 11)
    seen = tracker.seen(Frame(11 * FRAME_MS, 0.0, np.zeros(512, np.int16)))
    assert seen.judged == used, "96 ms after the question"
    assert [type(decision) for decision in decisions] == ([Stopped] if used > 0.9 else [])


def test_what_was_judged_of_one_silence_does_not_hold_for_the_next() -> None:
    """P = 0.8 wants 360 ms; speech that goes on before that begins with half certainty again: 1160 ms."""
    tracker = TurnTracker(SemanticVad(), judged=True)
    run(tracker, [0.9, 0.9] + [0.0] * 7)
    tracker.judged(Judged(0.8, "j"))
    run(tracker, [0.0] * 3, 9)
    assert tracker.needed_ms == 360
    run(tracker, [0.9], 12)
    assert tracker.needed_ms == 1_160


def test_another_eagerness_holds_at_once_and_what_was_judged_too() -> None:
    tracker = TurnTracker(SemanticVad(), judged=True)
    run(tracker, [0.9, 0.9] + [0.0] * 7)
    tracker.judged(Judged(0.8, "j"))
    run(tracker, [0.0] * 3, 9)
    tracker.configure(SemanticVad(eagerness="low"))
    assert tracker.needed_ms == 520, "200 + 7800 * 0.2 ** 2 = 512, and the next slot"
    (asked,) = run(tracker, [0.0] * 2, 12)
    assert asked == Question(14 * FRAME_MS, 384)
    tracker.configure(ServerVad(silence_duration_ms=5_000))
    assert (tracker.needed_ms, tracker.question) == (5_000, None)


def test_a_frame_is_not_decided_without_the_answer_that_it_needs() -> None:
    tracker = TurnTracker(SemanticVad(), judged=True)
    run(tracker, [0.9, 0.9] + [0.0] * 9)
    assert tracker.blocked(12 * FRAME_MS)
    with pytest.raises(LocalProtocolError, match=r"^the judge's answer is missing$"):
        tracker.frame(11 * FRAME_MS, 0.0)


def test_an_answer_needs_its_question() -> None:
    with pytest.raises(LocalProtocolError, match=r"^no question is open$"):
        TurnTracker(SemanticVad(), judged=True).judged(Judged(0.5, "j"))


def test_what_is_seen_follows_the_state() -> None:
    tracker = TurnTracker(ServerVad(silence_duration_ms=64))
    seen = []
    for place, p in enumerate([0.0, 0.9, 0.9, 0.0, 0.4, 0.0, 0.0]):
        tracker.frame(place * FRAME_MS, p)
        one = tracker.seen(Frame(place * FRAME_MS, p, np.zeros(512, np.int16)))
        assert (one.p, one.rms_dbfs) == (p, rms_dbfs(np.zeros(1, np.int16)))
        seen.append((one.end_ms, one.state, one.silence_ms, one.needed_ms))
    assert seen == [
        (32, TurnState.IDLE, 0, 0),
        (64, TurnState.ONSET, 0, 0),
        (96, TurnState.SPEECH, 0, 64),
        (128, TurnState.WAITING, 32, 64),
        (160, TurnState.SPEECH, 0, 64),
        (192, TurnState.WAITING, 32, 64),
        (224, TurnState.IDLE, 0, 0),
    ]


def test_semantic_turns_have_the_default_padding() -> None:
    assert prefix_padding_ms(SemanticVad()) == 300
    assert prefix_padding_ms(ServerVad(prefix_padding_ms=7)) == 7


def test_a_narrow_hysteresis_lets_go_of_a_weak_ending_sooner() -> None:
    tracker = TurnTracker(ServerVad(hysteresis=0.05, silence_duration_ms=32))
    run(tracker, [0.9, 0.9, 0.45])
    assert tracker.open
    assert [type(decision) for decision in run(tracker, [0.449], 3)] == [Stopped]


@pytest.mark.parametrize(("wanted_ms", "frames"), [(32, 1), (64, 2), (65, 3), (96, 3), (500, 16)])
def test_as_much_speech_as_wanted_begins_a_turn(wanted_ms: int, frames: int) -> None:
    tracker = TurnTracker(SemanticVad(min_speech_ms=wanted_ms))
    assert run(tracker, [0.9] * (frames - 1)) == []
    (started,) = run(tracker, [0.9], frames - 1)
    assert isinstance(started, Started)
    assert (started.onset_ms, started.at_ms) == (0, frames * FRAME_MS)


def test_the_fine_values_are_echoed_only_when_they_were_set() -> None:
    assert "hysteresis" not in ServerVad().model_dump()
    assert ServerVad(hysteresis=0.1).model_dump()["hysteresis"] == 0.1
