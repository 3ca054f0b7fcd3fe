"""From records and frames to the fit: which marks count, and which frames."""

from __future__ import annotations

from dataclasses import replace

from fake_talk import FakeTalk
from setup_room import QUIET, hear, sentence

from tui_assistant.client.tuning import Tuning
from tui_assistant.client.turns import Mark, TurnRecord
from tui_assistant.lab.fit import WORDS, Fault, Fit, MarkedTurn, NoFit
from tui_assistant.tui.fitting import fit_of, marked, tuned

ONSET = len(QUIET) * 32 + 320
CUT = TurnRecord("u1", ONSET, ONSET + 64, ONSET + 960, ONSET + 1_472, mark=Mark.CUT_OFF)


def test_marks_and_faults_are_the_same_words() -> None:
    assert {str(mark) for mark in Mark} == {str(fault) for fault in Fault} == {str(fault) for fault in WORDS}


def test_only_marked_turns_that_have_ended_count() -> None:
    still_open = replace(CUT, stopped_ms=None)
    assert marked([replace(CUT, mark=None), still_open, CUT]) == (
        MarkedTurn(Fault.CUT_OFF, ONSET, ONSET + 960, ONSET + 1_472),
    )
    by_hand = replace(CUT, speech_end_ms=None)
    assert marked([by_hand])[0].speech_end_ms == by_hand.stopped_ms


def test_frames_that_the_conversation_did_not_hear_begin_no_turn() -> None:
    talk = FakeTalk()
    hear(talk, [*QUIET, *sentence(608)], decided=True)
    hear(talk, [*sentence(800), *sentence(800)], decided=False)  # muted
    found = fit_of(talk.snap, [CUT])
    assert isinstance(found, Fit)
    assert len(found.before) == 2
    assert tuned(Tuning(gain_db=3.0), found) == Tuning(gain_db=3.0, silence_duration_ms=700)


def test_with_a_server_that_shows_nothing_the_estimates_count() -> None:
    talk = FakeTalk()
    hear(talk, [*QUIET, *sentence(608)], decided=False)
    found = fit_of(talk.snap, [CUT])
    assert isinstance(found, Fit)
    assert found.changed == {"silence_duration_ms": 700}


def test_without_frames_there_is_nothing_to_fit_to() -> None:
    found = fit_of(FakeTalk().snap, [CUT])
    assert isinstance(found, NoFit)
    assert "older than the two minutes" in found.words
