from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_assistant.lab.evaluation import Found, Score, percentile, score, total, turns
from tui_assistant.lab.labels import Segment
from tui_assistant.protocol.server import SpeechStarted, SpeechStopped


def found(*spans: tuple[float, float]) -> list[Found]:
    return [Found(Segment(start, end), start + 0.064, end + 0.5) for start, end in spans]


def labels(*spans: tuple[float, float]) -> list[Segment]:
    return [Segment(start, end) for start, end in spans]


def counts(each: Score) -> tuple[int, int, int, int]:
    return each.missed, each.false, each.split, each.merged


@pytest.mark.parametrize(
    ("reference", "detected", "expected"),
    [
        ([(1, 3), (5, 6)], [(1.1, 3.1), (5, 6.2)], (0, 0, 0, 0)),
        ([(1, 3)], [], (1, 0, 0, 0)),
        ([], [(1, 3)], (0, 1, 0, 0)),
        ([(1, 3)], [(2.2, 3)], (1, 0, 0, 0)),  # 40 % of the reference covered
        ([(1, 3)], [(2.0, 3)], (0, 0, 0, 0)),  # half of it
        ([(1, 3)], [(2, 5)], (0, 1, 0, 0)),  # a third of the turn on speech, half of the speech covered
        ([(1, 4)], [(1, 2), (2.1, 3), (3.1, 4)], (0, 0, 2, 0)),
        ([(1, 2), (3, 4), (5, 6)], [(1, 6)], (0, 0, 0, 2)),
        ([(1, 4)], [(1, 2.4), (2.6, 4), (8, 9)], (0, 1, 1, 0)),
        ([(1, 2), (3, 4), (8, 9)], [(1, 4)], (1, 0, 0, 1)),
        ([(1, 2), (10, 12)], [(1, 2), (10, 10.9), (11.1, 12), (20, 21)], (0, 1, 1, 0)),
    ],
)
def test_each_error_counts_once(
    reference: list[tuple[float, float]], detected: list[tuple[float, float]], expected: tuple[int, int, int, int]
) -> None:
    result = score(labels(*reference), found(*detected), 500)
    assert counts(result) == expected
    assert result.errors == sum(expected)
    assert (result.reference, result.found) == (len(reference), len(detected))


def test_pauses_shorter_than_the_silence_do_not_end_a_reference_turn() -> None:
    speech = labels((1, 2), (2.4, 3))
    assert score(speech, found((1, 3)), 500).errors == 0
    assert counts(score(speech, found((1, 3)), 400)) == (0, 0, 0, 1)


def test_latencies_are_from_the_labels_to_the_decisions() -> None:
    result = score(labels((1, 3), (5, 6)), found((1.1, 3.1), (5.0, 6.2)), 500)
    assert result.onset_ms == pytest.approx((164, 64))
    assert result.end_ms == pytest.approx((600, 700))


def test_a_split_turn_has_one_onset_and_one_end() -> None:
    result = score(labels((1, 4)), found((1, 2), (2.9, 4)), 500)
    assert result.onset_ms == pytest.approx((64,))
    assert result.end_ms == pytest.approx((500,))


def test_a_merged_turn_has_one_onset_and_one_end() -> None:
    result = score(labels((1, 2), (3, 4)), found((1, 4)), 500)
    assert result.onset_ms == pytest.approx((64,))
    assert result.end_ms == pytest.approx((500,))


def test_events_become_turns_without_padding_and_silence() -> None:
    events = [
        SpeechStarted(item_id="a", audio_start_ms=0, at_ms=264, reason={"rule": "threshold", "held_ms": 64}),
        SpeechStopped(item_id="a", audio_end_ms=1512, at_ms=1512, reason={"rule": "silence", "silence_ms": 512}),
        SpeechStarted(item_id="b", audio_start_ms=1700, at_ms=2064, reason={"rule": "threshold", "held_ms": 64}),
        SpeechStopped(item_id="b", audio_end_ms=3000, at_ms=3000, reason={"rule": "end_of_input"}),
    ]
    assert turns(events) == [
        Found(Segment(0.2, 1.0), 0.264, 1.512),
        Found(Segment(2.0, 3.0), 2.064, 3.0),
    ]


def test_totals_add_up() -> None:
    one = Score(2, 3, 1, 2, 0, 0, (10.0,), (500.0,))
    other = Score(1, 1, 0, 0, 1, 4, (30.0,), ())
    assert total([one, other]) == Score(3, 4, 1, 2, 1, 4, (10.0, 30.0), (500.0,))
    assert total([]) == Score()


def test_percentiles_lie_between_neighbours() -> None:
    assert percentile([30, 10, 20], 0.5) == 20
    assert percentile([0, 10], 0.9) == pytest.approx(9)
    assert percentile([7], 0.9) == 7
    assert percentile([], 0.5) is None


spans = st.lists(st.integers(1, 40), max_size=12).map(
    lambda steps: [(sum(steps[:index]) / 10, sum(steps[: index + 1]) / 10) for index in range(1, len(steps), 2)]
)


@given(spans, spans)
def test_exchanging_reference_and_found_exchanges_the_errors(
    reference: list[tuple[float, float]], detected: list[tuple[float, float]]
) -> None:
    one = score(labels(*reference), found(*detected), 0)
    other = score(labels(*detected), found(*reference), 0)
    assert counts(one) == (other.false, other.missed, other.merged, other.split)


@given(spans)
def test_a_perfect_detector_makes_no_error(reference: list[tuple[float, float]]) -> None:
    assert score(labels(*reference), found(*reference), 0).errors == 0
