from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_assistant.errors import UsageError
from tui_assistant.lab.evaluation import Score
from tui_assistant.lab.labels import Segment
from tui_assistant.lab.sweep import NAMES, Axis, Labelled, grid, parse_axis, scores
from tui_assistant.protocol.session import SemanticVad, ServerVad


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("threshold=0.3:0.7:0.1", (0.3, 0.4, 0.5, 0.6, 0.7)),  # exact: no 0.7000000000000001
        ("threshold=0.3:0.7:0.3", (0.3, 0.6)),
        ("threshold=0.5", (0.5,)),
        ("silence_duration_ms=300,500,800", (300, 500, 800)),
        ("silence_duration_ms=300:500:100,500,2000", (300, 400, 500, 2000)),  # 500 once
        ("prefix_padding_ms=0,300", (0, 300)),
        ("hysteresis=0,0.15", (0.0, 0.15)),
        ("min_speech_ms=32,64", (32, 64)),
        ("eagerness=low,high", ("low", "high")),
    ],
)
def test_axes(text: str, values: tuple[object, ...]) -> None:
    axis = parse_axis(text)
    assert axis == Axis(text.partition("=")[0], values)  # type: ignore[arg-type]
    assert [type(value) for value in axis.values] == [type(value) for value in values]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("volume=1,2", "there is no 'volume'.*threshold, prefix_padding_ms"),
        ("threshold", "no values.*threshold=0.3:0.7:0.05"),
        ("silence_duration_ms=", "no values.*silence_duration_ms=300:800:100"),
        ("eagerness=", "no values.*eagerness=low,high"),
        ("threshold=a", "'a' is no number and no range"),
        ("threshold=0.3:0.7", "'0.3:0.7' is no number and no range.*FROM:TO:STEP"),
        ("threshold=nan", "no number"),
        ("threshold=inf", "no number"),
        ("silence_duration_ms=1e999999999", "no number"),
        ("threshold=0.3,", "'' is no number"),
        ("threshold=0.7:0.3:0.1", "goes nowhere"),
        ("threshold=0.3:0.7:0", "goes nowhere"),
        ("threshold=0.3:0.7:-0.1", "goes nowhere"),
        ("silence_duration_ms=0:10000:0.001", "more than 10000 steps"),
        ("silence_duration_ms=300.5", "300.5 is no whole number"),
        ("eagerness=eager", "'eager' is no eagerness.*low, medium, high, auto"),
    ],
)
def test_bad_axes_say_what_is_wrong(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_axis(text)


def test_the_grid_is_every_combination_over_the_settings() -> None:
    axes = [Axis("threshold", (0.3, 0.7)), Axis("silence_duration_ms", (300, 800))]
    points = grid(axes, ServerVad(prefix_padding_ms=100))
    assert [point.rules for point in points] == [
        ServerVad(prefix_padding_ms=100, threshold=threshold, silence_duration_ms=silence)
        for threshold in (0.3, 0.7)
        for silence in (300, 800)
    ]
    assert points[1].values == (("threshold", 0.3), ("silence_duration_ms", 800))


def test_without_axes_there_is_one_point() -> None:
    (point,) = grid([], SemanticVad(eagerness="low"))
    assert (point.values, point.rules) == ((), SemanticVad(eagerness="low"))


def test_what_both_kinds_have_can_be_swept_in_both() -> None:
    axes = [Axis("hysteresis", (0.0, 0.3)), Axis("min_speech_ms", (32, 96))]
    assert grid(axes, SemanticVad())[1].rules == SemanticVad(hysteresis=0.0, min_speech_ms=96)
    assert grid(axes, ServerVad())[2].rules == ServerVad(hysteresis=0.3, min_speech_ms=32)


@pytest.mark.parametrize(
    ("axes", "base", "words"),
    [
        ([Axis("eagerness", ("low",))], ServerVad(), "eagerness: server_vad has none.*semantic_vad"),
        ([Axis("threshold", (0.5,))], SemanticVad(), "threshold: semantic_vad has none.*server_vad"),
        (
            [Axis("silence_duration_ms", (300,)), Axis("eagerness", ("low",))],
            SemanticVad(),
            "silence_duration_ms: semantic_vad has none",
        ),
        ([Axis("threshold", (0.5,)), Axis("threshold", (0.6,))], ServerVad(), "threshold: is given twice"),
        ([Axis("threshold", (1.5,))], ServerVad(), "threshold=1.5: allowed is less than or equal to 1"),
        ([Axis("min_speech_ms", (5,))], ServerVad(), "min_speech_ms=5: allowed is greater than or equal to 32"),
        (
            [Axis("threshold", tuple(n / 200 for n in range(101))), Axis("silence_duration_ms", tuple(range(100)))],
            ServerVad(),
            "10100 points are more than 10000",
        ),
    ],
)
def test_what_cannot_be_swept_is_refused(axes: list[Axis], base: ServerVad | SemanticVad, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        grid(axes, base)


# 32 ms frames: 0.32 s silence, 0.96 s speech, 0.512 s silence, 0.96 s speech, 1.28 s silence
PAUSED = Labelled(
    (0.0,) * 10 + (0.9,) * 30 + (0.0,) * 16 + (0.6,) * 30 + (0.0,) * 40,
    (Segment(0.32, 1.28), Segment(1.792, 2.752)),
)


def test_one_hand_computed_grid() -> None:
    points = grid([Axis("threshold", (0.5, 0.8)), Axis("silence_duration_ms", (500, 800))], ServerVad())
    at_500, at_800, deaf_500, deaf_800 = scores(PAUSED, points)
    # the pause of 512 ms ends the turn at 500 and not at 800, in the labels as in what is found
    assert at_500 == Score(2, 2, onset_ms=(64, 64), end_ms=(512, 512))
    assert at_800 == Score(1, 1, onset_ms=(64,), end_ms=(800,))
    # at 0.8 the second half (0.6) begins no turn, and holds one that is open (release 0.65) no more
    assert deaf_500 == Score(2, 1, missed=1, onset_ms=(64,), end_ms=(512,))
    # 0.96 of the 2.432 s that are one turn at 800 ms are found: less than half
    assert (deaf_800.reference, deaf_800.found, deaf_800.missed, deaf_800.false) == (1, 1, 1, 0)


def test_labels_can_be_joined_alike_at_all_points() -> None:
    points = grid([Axis("silence_duration_ms", (500, 800))], ServerVad())
    assert [(each.reference, each.split, each.merged) for each in scores(PAUSED, points, 800)] == [(1, 1, 0), (1, 0, 0)]
    assert [(each.reference, each.split, each.merged) for each in scores(PAUSED, points, 500)] == [(2, 0, 0), (2, 0, 1)]


def test_semantic_vad_joins_labels_as_the_protocols_own_silence() -> None:
    assert scores(PAUSED, grid([], SemanticVad()))[0].reference == 2


def test_of_a_turn_only_the_judged_part_counts() -> None:
    """At 800 ms the turn goes from 0.32 to 2.752 s; only its second half is known to be speech."""
    known = Labelled(PAUSED.probabilities, PAUSED.speech[1:], PAUSED.speech[1:])
    at_500, at_800 = scores(known, grid([Axis("silence_duration_ms", (500, 800))], ServerVad()))
    assert at_500 == Score(1, 1, onset_ms=(64,), end_ms=(512,))
    assert at_800 == Score(1, 1, onset_ms=(), end_ms=(800,))
    nothing = Labelled(PAUSED.probabilities, (), (Segment(0, 0.3),))
    assert scores(nothing, grid([], ServerVad())) == [Score()]


@given(
    st.text()
    | st.builds("=".join, st.tuples(st.sampled_from(NAMES), st.text(alphabet="0123456789.,:-+eE_ nafi", max_size=20)))
)
def test_any_text_is_an_axis_or_refused(text: str) -> None:
    try:
        axis = parse_axis(text)
    except UsageError:
        return
    assert axis.values
    assert len(set(axis.values)) == len(axis.values)
