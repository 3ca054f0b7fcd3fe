"""Two stages, frame by frame."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_assistant.client.blips import FRAME_MS
from tui_assistant.client.interruption import SERVERS_WAY, BargeInTimes, Interruption, Verdict
from tui_assistant.client.tuning import Tuning
from tui_assistant.protocol.session import ServerVad

TUNING = Tuning()
SPEECH, SILENCE = 0.9, 0.1


def listen(voice: Interruption, pattern: str, **given: Any) -> list[tuple[int, Verdict]]:
    """Verdicts and the ms at which they fell; `#` is a frame of speech."""
    options = {"answering": True, "turn_open": True, **given}
    found = []
    for at, mark in enumerate(pattern, start=1):
        if verdict := voice.frame(SPEECH if mark == "#" else SILENCE, TUNING, **options):
            found.append((at * FRAME_MS, verdict))
    return found


def test_an_answer_is_ducked_at_the_onset_and_cancelled_after_250_ms_of_speech() -> None:
    assert listen(Interruption(BargeInTimes()), "########")[:2] == [(32, Verdict.DUCK), (224, Verdict.CANCEL)]


def test_without_a_turn_the_onset_takes_two_frames_and_nothing_is_cancelled() -> None:
    assert listen(Interruption(BargeInTimes()), "#" * 40, turn_open=False) == [(64, Verdict.DUCK)]


def test_a_click_does_nothing() -> None:
    assert listen(Interruption(BargeInTimes()), "..#..#..", turn_open=False) == []


def test_after_a_cough_the_answer_comes_back() -> None:
    voice = Interruption(BargeInTimes())
    assert listen(voice, "#####" + "." * 20) == [(32, Verdict.DUCK), (384, Verdict.RESUME)]
    assert not voice.ducked


def test_pauses_inside_a_word_are_bridged_and_not_counted() -> None:
    assert listen(Interruption(BargeInTimes()), "###...###...#") == [(32, Verdict.DUCK), (13 * 32, Verdict.CANCEL)]


def test_a_second_cough_is_counted_from_its_own_beginning() -> None:
    pattern = ("#####" + "." * 10) * 3
    assert [verdict for _, verdict in listen(Interruption(BargeInTimes()), pattern)] == [
        Verdict.DUCK,
        Verdict.RESUME,
    ] * 3


def test_backchannels_have_700_ms() -> None:
    assert listen(Interruption(BargeInTimes()), "#" * 30, words="mhm yes")[1] == (672, Verdict.CANCEL)
    assert listen(Interruption(BargeInTimes()), "#" * 20 + "." * 10, words="mhm")[-1] == (864, Verdict.RESUME)


def test_a_word_among_them_ends_the_patience() -> None:
    voice = Interruption(BargeInTimes())
    assert listen(voice, "#" * 12, words="yes") == [(32, Verdict.DUCK)]
    assert listen(voice, "#", words="yes but") == [(32, Verdict.CANCEL)]


def test_yes_to_a_question_is_no_backchannel() -> None:
    assert listen(Interruption(BargeInTimes()), "#" * 9, words="yes", question=True)[1] == (224, Verdict.CANCEL)


@pytest.mark.parametrize(
    ("after", "patience", "at"), [(100, 700, 96), (400, 700, 384), (400, 100, 384), (256, 100, 224)]
)
def test_both_times_are_settings(after: int, patience: int, at: int) -> None:
    assert listen(Interruption(BargeInTimes(after, patience)), "#" * 40)[1] == (at, Verdict.CANCEL)
    backchannel = listen(Interruption(BargeInTimes(after, patience)), "#" * 40, words="mhm")
    assert backchannel[1] == (max(at, 672 if patience == 700 else 0), Verdict.CANCEL)


@pytest.mark.parametrize(
    ("probabilities", "turn_open", "at"),
    [
        ([0.5, 0.35], False, 64),  # once it is speech, down to the release threshold
        ([0.49, 0.49, 0.49], False, None),
        ([0.5, 0.34, 0.5], False, None),
        ([0.35], True, 32),  # the server has found a beginning already
        ([0.34, 0.34], True, None),
    ],
)
def test_what_counts_as_speech(probabilities: list[float], turn_open: bool, at: int | None) -> None:
    voice = Interruption(BargeInTimes())
    verdicts = [voice.frame(p, TUNING, answering=True, turn_open=turn_open) for p in probabilities]
    assert ((verdicts.index(Verdict.DUCK) + 1) * FRAME_MS if Verdict.DUCK in verdicts else None) == at
    assert voice.speaking is (probabilities[-1] != 0.34 and probabilities[0] != 0.49)


def test_speech_from_before_the_answer_counts() -> None:
    voice = Interruption(BargeInTimes())
    assert listen(voice, "#####", answering=False) == []
    assert voice.began(answering=False) is None
    assert voice.began(answering=True) is Verdict.DUCK
    assert voice.began(answering=True) is None  # it is ducked already
    assert listen(voice, "##") == [(64, Verdict.CANCEL)]  # 32 and 160 ms before it


def test_a_turn_that_begins_in_silence_counts_as_one_frame() -> None:
    voice = Interruption(BargeInTimes())
    voice.began(answering=True)
    assert listen(voice, "#" * 8)[0] == (192, Verdict.CANCEL)  # 32 and 32 ms before it


def test_silence_is_over_with_the_next_word() -> None:
    voice = Interruption(BargeInTimes())
    assert listen(voice, "#" + "......#" * 4 + "......") == [(32, Verdict.DUCK)]
    assert listen(voice, ".") == [(32, Verdict.RESUME)]


def test_nothing_is_asked_of_the_server_but_when_turns_begin_and_end() -> None:
    rules = ServerVad(threshold=0.7, idle_timeout_ms=6_000)
    asked = rules.model_copy(update={"create_response": False, "interrupt_response": False})
    assert BargeInTimes().rules(rules) == asked
    assert SERVERS_WAY.rules(rules) is rules


def test_an_answer_that_ends_leaves_nothing_ducked() -> None:
    voice = Interruption(BargeInTimes())
    assert voice.began(answering=True) is Verdict.DUCK
    assert listen(voice, "#", answering=False) == [(32, Verdict.RESUME)]
    assert voice.over() is None


def test_the_servers_way_is_after_nothing() -> None:
    assert BargeInTimes().by_client
    assert not SERVERS_WAY.by_client


frames = st.lists(
    st.tuples(st.floats(0, 1), st.booleans(), st.booleans(), st.sampled_from(["", "mhm", "stop"])), max_size=200
)


@given(frames, st.integers(1, 900), st.integers(0, 900))
def test_each_duck_is_followed_by_exactly_one_of_resume_and_cancel(
    seen: list[tuple[float, bool, bool, str]], after: int, patience: int
) -> None:
    voice, ducked = Interruption(BargeInTimes(after, patience)), False
    for p, answering, turn_open, words in seen:
        verdict = voice.frame(p, TUNING, answering=answering, turn_open=turn_open, words=words)
        if verdict is Verdict.DUCK:
            assert not ducked
            assert answering
        elif verdict is not None:
            assert ducked
            assert verdict is Verdict.RESUME or (answering and turn_open)
        ducked = verdict is Verdict.DUCK or (ducked and verdict is None)
        assert voice.ducked is ducked
        assert not ducked or answering
