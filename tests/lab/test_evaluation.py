from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_assistant.lab import evaluation, whatif
from tui_assistant.lab.evaluation import Found, Score, match, percentile, score, total
from tui_assistant.lab.labels import Segment
from tui_assistant.protocol.session import ServerVad


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


def test_the_turns_of_the_rules_are_taken_without_padding_and_silence() -> None:
    # frames of 32 ms: 10 silent, 20 of speech, 16 silent (512 ms >= 500), 10 of speech up to the end
    probabilities = [0.0] * 10 + [0.9] * 20 + [0.0] * 16 + [0.9] * 10
    turns = evaluation.found(whatif.turns(probabilities, ServerVad()))
    assert turns == [
        Found(Segment(0.320, 0.960), 0.384, 1.472),
        Found(Segment(1.472, 1.792), 1.536, None),
    ]


def test_a_turn_that_the_recording_ends_has_no_end_latency() -> None:
    turns = [Found(Segment(1, 2), 1.064, 2.5), Found(Segment(4, 5), 4.064, None)]
    result = score(labels((1, 2), (4, 5)), turns, 500)
    assert result.errors == 0
    assert result.onset_ms == (64, 64)
    assert result.end_ms == (500,)


def test_a_turn_across_two_labelled_ones_goes_to_the_one_it_overlaps_more() -> None:
    reference = labels((0, 20), (20.2, 40))
    # the second turn covers 4.9 s of the first label and 4.7 s of the second: less than half of itself each time
    detected = found((0, 15), (15.1, 24.9), (25, 40))
    assert match([turn.speech for turn in detected], reference) == ([(0, 0), (1, 0), (2, 1)], frozenset(), frozenset())
    assert counts(score(reference, detected, 0)) == (0, 0, 1, 0)


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


# sorted and apart, as joined labels and found turns are
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


@given(spans, spans)
def test_each_turn_and_each_reference_is_counted_once(
    reference: list[tuple[float, float]], detected: list[tuple[float, float]]
) -> None:
    """Matched or an error; or it overlaps nothing but errors, which are counted there."""
    turns, truth = labels(*detected), labels(*reference)
    matches, false, missed = match(turns, truth)
    assert len(set(matches)) == len(matches)
    assert not false & {turn for turn, _ in matches}
    assert not missed & {each for _, each in matches}

    def meets(one: Segment, other: Segment) -> bool:
        return one.start < other.end and other.start < one.end

    for number, turn in enumerate(turns):
        met = {each for each, other in enumerate(truth) if meets(turn, other)}
        assert number in false | {pair[0] for pair in matches} or met <= missed
    for number, segment in enumerate(truth):
        met = {each for each, other in enumerate(turns) if meets(segment, other)}
        assert number in missed | {pair[1] for pair in matches} or met <= false


@given(spans, spans)
def test_splits_and_merges_are_the_matches_beyond_the_first(
    reference: list[tuple[float, float]], detected: list[tuple[float, float]]
) -> None:
    matches, false, missed = match(labels(*detected), labels(*reference))
    result = score(labels(*reference), found(*detected), 0)
    split = sum(max(0, sum(pair[1] == each for pair in matches) - 1) for each in range(len(reference)))
    merged = sum(max(0, sum(pair[0] == turn for pair in matches) - 1) for turn in range(len(detected)))
    assert counts(result) == (len(missed), len(false), split, merged)
    assert len(result.onset_ms) == len(result.end_ms) <= min(len(reference), len(detected))


@given(spans, spans, st.integers(-50, 50))
def test_moving_both_changes_nothing(
    reference: list[tuple[float, float]], detected: list[tuple[float, float]], by: int
) -> None:
    def moved(every: list[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(start + 64 + by, end + 64 + by) for start, end in every]

    # binary fractions, so that moving is exact
    reference = [(round(start * 10) / 8, round(end * 10) / 8) for start, end in reference]
    detected = [(round(start * 10) / 8, round(end * 10) / 8) for start, end in detected]
    one = score(labels(*reference), found(*detected), 0)
    assert counts(one) == counts(score(labels(*moved(reference)), found(*moved(detected)), 0))
