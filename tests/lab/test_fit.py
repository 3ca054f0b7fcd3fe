"""Fit: what marks ask for, what it costs, and when there is nothing to propose."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spoken_frames import detected, noisy

from tui_assistant.engine.ports import FRAME_MS
from tui_assistant.lab.fit import Fault, Fit, MarkedTurn, NoFit, fit
from tui_assistant.lab.whatif import Change, compare, turns
from tui_assistant.protocol.session import SemanticVad, ServerVad

PRESENT = ServerVad()
QUIET, VOICE = 0.02, 0.95


def heard(*stretches: tuple[float, int]) -> list[float]:
    return [p for p, ms in stretches for _ in range(ms // FRAME_MS)]


def marked(p: list[float], number: int, fault: Fault, rules: ServerVad | SemanticVad = PRESENT) -> MarkedTurn:
    turn = turns(p, rules)[number]
    return MarkedTurn(fault, turn.onset_ms, turn.speech_end_ms, turn.stopped_ms or len(p) * FRAME_MS)


def fitted(p: list[float], *marks: MarkedTurn, rules: ServerVad | SemanticVad = PRESENT, **options: Any) -> Fit:
    result = fit(p, rules, marks, **options)
    assert isinstance(result, Fit), result
    return result


PAUSED = heard((QUIET, 640), (VOICE, 960), (QUIET, 576), (VOICE, 960), (QUIET, 2_560), (VOICE, 960), (QUIET, 1_600))
CLICK = heard((QUIET, 640), (0.62, 96), (QUIET, 2_560), (VOICE, 1_280), (QUIET, 1_600))


def test_cut_off_asks_for_just_enough_silence() -> None:
    result = fitted(PAUSED, marked(PAUSED, 0, Fault.CUT_OFF))
    assert result.changed == {"silence_duration_ms": 600}
    assert result.broken == ()
    assert result.later_ms == 96
    assert [turn.speech_end_ms for turn in result.after] == [3_136, 6_656]
    assert result.reasons == ("mends “cut off” at 0.6 s", "breaks no other turn", "answers come 96 ms later")
    assert [each.change for each in compare(result.before, result.after)] == [Change.JOINED, Change.KEPT]


def test_cut_off_by_somebody_who_then_said_nothing_waits_longer() -> None:
    single = heard((QUIET, 640), (VOICE, 960), (QUIET, 6_400))
    assert fitted(single, marked(single, 0, Fault.CUT_OFF)).changed == {"silence_duration_ms": 800}


def test_too_slow_asks_for_less_silence_as_long_as_nothing_is_cut() -> None:
    rules = ServerVad(silence_duration_ms=1_000)
    result = fitted(PAUSED, marked(PAUSED, 1, Fault.TOO_SLOW, rules), rules=rules)
    assert result.changed == {"silence_duration_ms": 800}  # one step of the grid is enough
    assert result.later_ms == -224
    assert result.mended[0].fault is Fault.TOO_SLOW


def test_too_slow_is_not_mended_by_cutting_a_turn() -> None:
    rules = ServerVad(silence_duration_ms=600)
    slow = marked(PAUSED, 0, Fault.TOO_SLOW, rules)
    result = fit(PAUSED, rules, [slow])
    assert isinstance(result, NoFit)
    assert "without making other errors" in result.words


def test_not_speech_asks_for_a_higher_threshold_or_longer_speech() -> None:
    result = fitted(CLICK, marked(CLICK, 0, Fault.NOT_SPEECH))
    assert result.changed == {"min_speech_ms": 128}
    assert result.broken == ()
    long = heard((QUIET, 640), (0.62, 640), (QUIET, 2_560), (VOICE, 1_280), (QUIET, 1_600))
    assert fitted(long, marked(long, 0, Fault.NOT_SPEECH)).changed == {"threshold": 0.65}


def test_what_cannot_be_told_apart_is_not_mended_at_the_price_of_words() -> None:
    same = heard((QUIET, 640), (VOICE, 640), (QUIET, 2_560), (VOICE, 640), (QUIET, 2_560), (VOICE, 640), (QUIET, 960))
    result = fit(same, PRESENT, [marked(same, 1, Fault.NOT_SPEECH)])
    assert isinstance(result, NoFit)


def test_two_marks_are_weighed_against_each_other() -> None:
    result = fitted(CLICK + PAUSED, marked(CLICK, 0, Fault.NOT_SPEECH), marked(CLICK + PAUSED, 2, Fault.CUT_OFF))
    assert result.changed == {"silence_duration_ms": 600, "min_speech_ms": 128}
    assert len(result.mended) == 2
    assert result.unmended == ()


def test_an_answer_a_second_later_is_too_dear_for_one_mark() -> None:
    slow = heard((QUIET, 640), (VOICE, 960), (QUIET, 1_472), (VOICE, 960), (QUIET, 3_200), (VOICE, 960), (QUIET, 3_200))
    result = fit(slow, PRESENT, [marked(slow, 0, Fault.CUT_OFF)])
    assert isinstance(result, NoFit)


def test_semantic_vad_changes_its_eagerness() -> None:
    rules = SemanticVad(eagerness="high")
    p = heard((QUIET, 640), (VOICE, 960), (QUIET, 864), (VOICE, 960), (QUIET, 4_800))
    result = fitted(p, marked(p, 0, Fault.CUT_OFF, rules), rules=rules)
    assert result.changed == {"eagerness": "medium"}


def test_frames_and_marks_share_a_clock_that_need_not_begin_at_zero() -> None:
    mark = marked(PAUSED, 0, Fault.CUT_OFF)
    moved = MarkedTurn(mark.fault, mark.onset_ms + 96_000, mark.speech_end_ms + 96_000, mark.stopped_ms + 96_000)
    assert fitted(PAUSED, moved, start_ms=96_000).changed == {"silence_duration_ms": 600}


def test_nothing_to_fit_is_said_with_what_to_do() -> None:
    nothing = fit(PAUSED, PRESENT, [])
    assert isinstance(nothing, NoFit)
    assert nothing.words.startswith("Nothing is marked: j goes to the transcript")
    old = fit(PAUSED, PRESENT, [marked(PAUSED, 0, Fault.CUT_OFF)], start_ms=200_000)
    assert isinstance(old, NoFit)
    assert "older than the two minutes" in old.words
    done = fit(PAUSED, ServerVad(silence_duration_ms=800), [marked(PAUSED, 0, Fault.CUT_OFF)])
    assert isinstance(done, NoFit)
    assert "would not make the marked errors any more" in done.words


def test_old_marks_beside_new_ones_are_said() -> None:
    result = fitted(PAUSED, marked(PAUSED, 0, Fault.CUT_OFF), MarkedTurn(Fault.TOO_SLOW, -9_000, -8_000, -7_000))
    assert result.reasons[-1] == "1 mark is too old to be counted"


STRETCHES = st.lists(
    st.tuples(st.sampled_from([0.0, 0.2, 0.38, 0.45, 0.55, 0.7, 0.95]), st.integers(32, 1_500)), min_size=4, max_size=14
)


@settings(max_examples=40, deadline=None)
@given(STRETCHES, st.data())
def test_a_fit_mends_more_than_it_breaks_and_is_the_same_again(stretches: list[tuple[float, int]], data: Any) -> None:
    p = heard(*stretches, (QUIET, 1_600))
    found = turns(p, PRESENT)
    if not found:
        return
    faults = data.draw(st.lists(st.sampled_from(list(Fault)), min_size=1, max_size=min(3, len(found))))
    marks = [marked(p, number, fault) for number, fault in enumerate(faults)]
    result = fit(p, PRESENT, marks)
    assert result == fit(p, PRESENT, marks)
    if isinstance(result, NoFit):
        return
    assert result.changed
    assert len(result.broken) <= len(result.mended)
    assert set(result.mended) | set(result.unmended) == set(marks)
    assert result.after == turns(p, result.rules)
    if isinstance(result.rules, ServerVad):
        assert 0.3 <= result.rules.threshold <= 0.9
        assert 200 <= result.rules.silence_duration_ms <= 1_500


@pytest.mark.parametrize("snr_db", [25, 10])
def test_real_speech_cut_in_its_pauses_is_kept_whole(snr_db: int) -> None:
    silence, voice = noisy("jfk.wav", snr_db)
    p = [frame.p for frame in [*detected(silence), *detected(voice)]]
    hasty = ServerVad(silence_duration_ms=300)
    count = len(turns(p, hasty))
    result = fitted(p, *[marked(p, number, Fault.CUT_OFF, hasty) for number in range(count - 1)], rules=hasty)
    assert len(result.after) < count
    assert len(result.mended) >= 1


def test_two_minutes_take_about_a_second() -> None:
    p = (PAUSED * 20)[:3_750]
    begun = time.perf_counter()
    fitted(p, marked(p, 0, Fault.CUT_OFF))
    assert time.perf_counter() - begun < 10.0  # measured: 1.2 s; on a busy machine more
