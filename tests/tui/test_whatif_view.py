"""The what-if of the screen: whatever way the frames come, it is what the lab finds in all of them at once."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from heard import FRAME_MS, frames_of, samples, spoken
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_assistant.client.tuning import Tuning
from tui_assistant.host.detector import TurnDetector
from tui_assistant.lab import whatif
from tui_assistant.protocol.session import ServerVad
from tui_assistant.runtime.api import Phase, ScopeFrame
from tui_assistant.tui.whatif_view import NO_CHANGE, NOTHING_DECIDED, NOTHING_HEARD, WhatIf, run, stretches

USUAL, HASTY = Tuning(), Tuning(silence_duration_ms=300)


def made_up(*stretches: tuple[float, int]) -> tuple[ScopeFrame, ...]:
    """Frames of (p, ms), decided by the usual rules."""
    return frames_of([(p, -30.0) for p, ms in stretches for _ in range(ms // FRAME_MS)])


TWO = made_up((0.02, 640), (0.9, 960), (0.02, 480), (0.9, 960), (0.02, 1_600))


def test_both_lanes_and_the_difference_in_words() -> None:
    seen = WhatIf().update(TWO, USUAL, HASTY)
    assert [(turn.onset_ms, turn.stopped_ms) for turn in seen.before] == [(640, 3_552)]
    assert [(turn.onset_ms, turn.stopped_ms) for turn in seen.after] == [(640, 1_920), (2_080, 3_360)]
    assert seen.words == "1 turn cut at 1.9 s"
    assert seen.marks == (1_920,)
    assert seen.values == ("500", "300")
    assert seen.figures == "1 → 2 turns in 4 s"
    assert not seen.same


def test_the_other_way_round_they_are_joined() -> None:
    seen = WhatIf().update(TWO, HASTY, USUAL)
    assert (seen.words, seen.marks, seen.values) == ("2 turns joined at 1.9 s", (1_920,), ("300", "500"))


def test_a_turn_that_is_lost_is_marked_where_it_began() -> None:
    seen = WhatIf().update(made_up((0.02, 320), (0.6, 640), (0.02, 1_600)), USUAL, Tuning(threshold=0.7))
    assert seen.words == "1 turn lost at 0.3 s"
    assert seen.marks == (320 + FRAME_MS,)
    assert seen.values == ("0.50", "0.70")


@settings(max_examples=25, deadline=None)
@given(
    step=st.integers(1, 60),
    threshold=st.floats(0.05, 0.95),
    silence=st.integers(100, 1_500),
    padding=st.integers(0, 1_000),
    least=st.sampled_from([32, 64, 256]),
    gap=st.integers(0, 900),
)
def test_frame_by_frame_it_is_what_all_of_them_at_once_give(
    step: int, threshold: float, silence: int, padding: int, least: int, gap: int
) -> None:
    """Only what lies behind the last pause is run again; a stretch that nobody decided lies in the middle."""
    frames = [replace(frame, decided=abs(at - gap) > 20) for at, frame in enumerate(frames_of(spoken()))]
    other = Tuning(
        threshold=threshold, silence_duration_ms=silence, prefix_padding_ms=padding, min_speech_ms=least, hysteresis=0.1
    )
    view = WhatIf()
    for end in range(step, len(frames) + step, step):
        seen = view.update(frames[:end], USUAL, other)
    parts = list(stretches(frames))
    assert seen.before == tuple(turn for part in parts for turn in run(part, USUAL.rules()))
    assert seen.after == tuple(turn for part in parts for turn in run(part, other.rules()))
    assert seen.words.startswith(whatif.in_words(whatif.compare(seen.before, seen.after)))


def test_the_turns_are_those_of_the_lab_over_the_same_p() -> None:
    frames = frames_of(spoken())
    rules = ServerVad(silence_duration_ms=300)
    seen = WhatIf().update(frames, USUAL, HASTY)
    assert seen.after == whatif.turns([p for p, _ in spoken()], rules)
    assert len(seen.after) >= 4


@pytest.mark.parametrize(("before", "after"), [(300, 800), (800, 300), (500, 200)])
def test_both_lanes_agree_with_what_detect_finds_in_the_recording(before: int, after: int) -> None:
    """What `detect` prints and `evaluate` counts, over the same samples."""
    seen = WhatIf().update(frames_of(spoken()), Tuning(silence_duration_ms=before), Tuning(silence_duration_ms=after))
    for lane, silence in ((seen.before, before), (seen.after, after)):
        detector = TurnDetector(ServerVad(silence_duration_ms=silence))
        events = detector.feed(samples().tobytes())
        assert [turn.started_ms for turn in lane] == [each.at_ms for each in events if each.type.endswith("started")]
        stops = [turn.stopped_ms for turn in lane if turn.stopped_ms is not None]
        assert stops == [each.at_ms for each in events if each.type.endswith("stopped")]
    assert not seen.same


def test_turns_leave_with_their_frames() -> None:
    view, frames = WhatIf(), frames_of(spoken() * 3)
    for end in range(600, len(frames), 5):
        seen = view.update(frames[end - 600 : end], USUAL, HASTY)
        oldest = frames[end - 600].at_ms - FRAME_MS
        assert all((turn.stopped_ms or turn.speech_end_ms) > oldest for turn in (*seen.before, *seen.after))
    assert seen.before
    assert seen.before[-1].onset_ms > oldest + 5_000


def test_estimates_gaps_and_commits_by_hand_part_the_speech() -> None:
    speech = made_up((0.02, 320), (0.9, 1_600))
    assert [len(part) for part in stretches(speech)] == [60]
    assert [len(part) for part in stretches([*speech[:20], replace(speech[20], decided=False), *speech[21:]])] == [
        20,
        39,
    ]
    assert [len(part) for part in stretches([*speech[:20], *speech[25:]])] == [20, 35]
    by_hand = [*speech[:30], replace(speech[30], commit=True), *speech[31:]]
    assert [len(part) for part in stretches(by_hand)] == [31, 29]
    seen = WhatIf().update(by_hand, USUAL, HASTY)
    assert [(turn.onset_ms, turn.stopped_ms) for turn in seen.before] == [(320, None), (992, None)]


def test_a_commit_by_rules_parts_nothing() -> None:
    assert sum(frame.commit for frame in TWO) == 1
    assert len(list(stretches(TWO))) == 1
    answered = [replace(frame, phase=Phase.ANSWER) if frame.phase is Phase.QUIET else frame for frame in TWO]
    assert len(list(stretches(answered))) == 1


def test_what_nobody_decided_is_not_compared() -> None:
    seen = WhatIf().update([replace(frame, decided=False) for frame in TWO], USUAL, HASTY)
    assert (seen.words, seen.ran) == (NOTHING_DECIDED, False)
    assert WhatIf().update((), USUAL, HASTY).words == NOTHING_HEARD


@pytest.mark.parametrize(
    ("candidate", "words"),
    [
        (USUAL, NO_CHANGE),
        (Tuning(gain_db=6), "gain acts from now on, not on what was heard"),
        (Tuning(gain_db=6, tail_ms=300), "tail and gain act from now on, not on what was heard"),
    ],
)
def test_the_same_rules_are_not_run(candidate: Tuning, words: str) -> None:
    seen = WhatIf().update(TWO, USUAL, candidate)
    assert sorted(seen.words.split()) == sorted(words.split())
    assert (seen.ran, seen.before, seen.after) == (False, (), ())


def test_no_difference_is_said() -> None:
    seen = WhatIf().update(TWO, USUAL, Tuning(silence_duration_ms=510))
    assert seen.ran
    assert seen.same
    assert "no difference" in seen.words
    assert seen.values == ("500", "510")


def test_several_values_have_no_label() -> None:
    assert WhatIf().update(TWO, USUAL, Tuning(silence_duration_ms=300, threshold=0.6)).values == ("", "")


def test_other_values_are_run_over_all_frames_again() -> None:
    view = WhatIf()
    for end in range(40, len(TWO) + 1):
        view.update(TWO[:end], USUAL, HASTY)
    assert (
        view.update(TWO, USUAL, Tuning(silence_duration_ms=400)).after
        == WhatIf().update(TWO, USUAL, Tuning(silence_duration_ms=400)).after
    )


def test_judgements_count_for_semantic_vad() -> None:
    frames = [replace(frame, judged=0.99) for frame in made_up((0.02, 320), (0.9, 640), (0.02, 4_000))]
    sure = Tuning(kind="semantic_vad", eagerness="low")
    seen = WhatIf().update(frames, USUAL, sure)
    unsure = WhatIf().update([replace(frame, judged=None) for frame in frames], USUAL, sure)
    assert seen.after[0].wait_ms is not None
    assert unsure.after[0].wait_ms is not None
    assert seen.after[0].wait_ms < unsure.after[0].wait_ms


def test_a_frame_costs_next_to_nothing_and_a_minute_a_few_milliseconds() -> None:
    """The bar is 5 ms of CPU for 60 s; asserted with room for a slow machine."""
    minute = frames_of((spoken() * 4)[: 60_000 // FRAME_MS])
    assert len(minute) == 60_000 // FRAME_MS
    whole = min(_cpu_ms(WhatIf(), minute) for _ in range(5))
    view = WhatIf()
    view.update(minute, USUAL, HASTY)
    same = _cpu_ms(view, minute)
    assert whole < 25
    assert same < 1
    assert view.update(minute, USUAL, HASTY) is view.update(minute, USUAL, HASTY)


def _cpu_ms(view: WhatIf, frames: tuple[ScopeFrame, ...]) -> float:
    began = time.process_time()
    view.update(frames, USUAL, HASTY)
    return (time.process_time() - began) * 1000
