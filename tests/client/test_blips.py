"""Rises of p(speech) that began no turn; what would have kept them really does."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tui_assistant.client import blips as here
from tui_assistant.client.blips import (
    BY_ITSELF,
    BY_NOTHING,
    LEAST_THRESHOLD,
    Figures,
    blips,
    kept_by,
    onset_p,
    release_p,
)
from tui_assistant.client.tuning import Tuning
from tui_assistant.client.turns import Blip
from tui_assistant.engine import turn
from tui_assistant.engine.ports import FRAME_MS
from tui_assistant.engine.turn import Started, TurnTracker

LOUDEST = st.floats(0.0, 1.0).map(lambda p: round(p, 3))
TUNINGS = st.builds(
    Tuning,
    kind=st.sampled_from(["server_vad", "semantic_vad"]),
    threshold=st.floats(0.0, 1.0).map(lambda p: round(p, 2)),
    hysteresis=st.floats(0.0, 0.5).map(lambda p: round(p, 2)),
    min_speech_ms=st.integers(32, 500),
)


def frames(*probabilities: float) -> list[Figures]:
    return [Figures((number + 1) * 32, p, -60 + 40 * p) for number, p in enumerate(probabilities)]


def begins(probabilities: list[float], tuning: Tuning) -> bool:
    """Whether the engine begins a turn in these frames."""
    tracker = TurnTracker(tuning.rules())
    return any(isinstance(tracker.frame(at * 32, p), Started) for at, p in enumerate(probabilities))


def with_advice(tuning: Tuning, advice: str) -> Tuning:
    """The values after doing what the blip says."""
    for name, value in re.findall(r"(\w+) ≤ ([\d.]+)", advice):
        tuning = replace(tuning, **{name: float(value) if name == "threshold" else int(value)})
    return replace(tuning, kind="server_vad") if advice.startswith("server_vad") else tuning


def test_one_frame_over_the_threshold_is_too_short() -> None:
    assert blips(frames(0.1, 0.7, 0.1), Tuning()) == (Blip(64, 32, 0.7, -32.0, "min_speech_ms ≤ 32"),)


def test_two_frames_under_the_threshold_are_too_low() -> None:
    (blip,) = blips(frames(0.1, 0.417, 0.46, 0.36, 0.1), Tuning())
    assert (blip.length_ms, blip.peak_p, blip.kept_by) == (96, 0.46, "threshold ≤ 0.41")


def test_one_frame_under_the_threshold_is_both() -> None:
    (blip,) = blips(frames(0.1, 0.4, 0.1), Tuning())
    assert blip.kept_by == "threshold ≤ 0.40 and min_speech_ms ≤ 32"


def test_semantic_vad_has_no_threshold_to_turn() -> None:
    assert kept_by([0.4, 0.4], Tuning(kind="semantic_vad")) == "server_vad, threshold ≤ 0.40"


@pytest.mark.parametrize(
    ("run", "tuning", "advice"),
    [
        ([0.93, 0.93], Tuning(threshold=0.95), "threshold ≤ 0.93"),
        ([0.29, 0.29], Tuning(hysteresis=0.3), "threshold ≤ 0.29"),  # 28.999… hundredths in binary
        ([0.3, 0.44, 0.45, 0.2], Tuning(hysteresis=0.3), "threshold ≤ 0.44"),  # the best two in a row
        ([0.45, 0.44], Tuning(min_speech_ms=65), "threshold ≤ 0.44 and min_speech_ms ≤ 64"),
        ([0.45, 0.44, 0.43], Tuning(min_speech_ms=65), "threshold ≤ 0.43"),
        ([0.4], Tuning(min_speech_ms=0), "threshold ≤ 0.40"),
        ([0.5, 0.4, 0.6], Tuning(), "min_speech_ms ≤ 32"),
        ([0.6, 0.7, 0.4], Tuning(min_speech_ms=128), "min_speech_ms ≤ 64"),
        ([0.5, 0.5], Tuning(), BY_ITSELF),
        ([0.04, 0.049], Tuning(), BY_NOTHING),
        ([0.04, 0.05], Tuning(min_speech_ms=32), "threshold ≤ 0.05"),
        ([0.4], Tuning(kind="semantic_vad"), "server_vad, threshold ≤ 0.40 and min_speech_ms ≤ 32"),
        ([0.6], Tuning(kind="semantic_vad", threshold=0.9), "min_speech_ms ≤ 32"),
    ],
)
def test_what_would_have_kept_it(run: list[float], tuning: Tuning, advice: str) -> None:
    assert kept_by(run, tuning) == advice


def test_what_nobody_heard_is_no_blip_and_what_leads_into_a_turn_neither() -> None:
    muted = [frame._replace(heard=False) for frame in frames(0.9, 0.9)]
    assert blips([*muted, *frames(0.1)], Tuning()) == ()
    assert blips(frames(0.1, 0.4, 0.45), Tuning()) == ()
    assert blips((), Tuning()) == ()
    assert blips(frames(0.1, 0.4, 0.35), Tuning()) == ()
    assert [blip.length_ms for blip in blips(frames(0.34, 0.35, 0.4, 0.35, 0.34), Tuning())] == [96]
    deaf = frames(0.4, 0.1, 0.4)
    deaf[1] = deaf[1]._replace(heard=False)
    assert [blip.at_ms for blip in blips(deaf, Tuning())] == [32]
    deaf = frames(0.4, 0.1, 0.4, 0.4)
    deaf[3] = deaf[3]._replace(heard=False)  # muted at the last: it led into nothing
    assert [blip.at_ms for blip in blips(deaf, Tuning())] == [32, 96]


@given(st.lists(LOUDEST, min_size=1, max_size=40), TUNINGS)
def test_what_would_have_kept_a_blip_does(probabilities: list[float], tuning: Tuning) -> None:
    assume(not begins(probabilities, tuning))
    for blip in blips([*frames(*probabilities), Figures(10_000, 0.0, -90.0)], tuning):
        assert blip.kept_by != BY_ITSELF
        if blip.kept_by == BY_NOTHING:
            assert blip.peak_p < LEAST_THRESHOLD
            continue
        first = blip.at_ms // 32 - 1
        run = probabilities[first : first + blip.length_ms // 32]
        better = with_advice(tuning, blip.kept_by)
        if "threshold ≤ 0.0" not in blip.kept_by:  # below 0.05 the engine takes 0.05
            assert begins(run, better)
        assert better != tuning


@given(TUNINGS)
def test_thresholds_are_the_engines(tuning: Tuning) -> None:
    tracker = TurnTracker(tuning.rules())
    assert tracker.release == release_p(tuning)
    assert begins([onset_p(tuning)] * 16, tuning)
    assert not begins([onset_p(tuning) - 0.001] * 16, tuning)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (here.FRAME_MS, FRAME_MS),
        (here.SEMANTIC_THRESHOLD, turn.DEFAULT_THRESHOLD),
        (here.LEAST_THRESHOLD, turn.MIN_THRESHOLD),
        (here.LEAST_RELEASE, turn.MIN_RELEASE),
        (Tuning().hysteresis, turn.HYSTERESIS),
        (Tuning().min_speech_ms, turn.MIN_SPEECH_MS),
    ],
)
def test_the_limits_are_the_engines(ours: float, theirs: float) -> None:
    assert ours == theirs
