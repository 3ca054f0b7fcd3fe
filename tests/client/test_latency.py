"""How long the answers of a session took, over all of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_assistant.client.latency import KEPT_REPLIES, Replies, ReplyTimes, Waterfall, percentile


def waterfall(total: int) -> Waterfall:
    return Waterfall(vad=total, asr=0, think=0, voice=0, out=0)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([7], 50, 7), ([7], 95, 7), ([1, 2, 3, 4], 50, 2), ([3, 1, 2], 50, 2), (range(1, 21), 95, 19), ([1, 2], 100, 2)],
)
def test_percentiles(values: list[int], share: float, expected: int) -> None:
    assert percentile(values, share) == expected


@given(st.lists(st.integers(0, 9_000), min_size=1), st.floats(1, 100))
def test_so_many_are_not_longer(values: list[int], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= len(values) * share / 100 - 1e-9
    assert sum(value < found for value in values) < len(values) * share / 100 + 1e-9


def test_a_session_in_figures_and_in_words() -> None:
    times = ReplyTimes()
    assert times.replies == Replies(0, 0, 0)
    for total in (800, 550, 560):
        times.add(waterfall(total))
    assert times.replies == Replies(3, 560, 800)
    assert times.replies.in_short == "p50 0.56 p95 0.80 s"
    assert str(times.replies) == "3 answers, end of speech to first sound: p50 0.56 p95 0.80 s"
    assert str(Replies(1, 500, 500)).startswith("1 answer, ")


def test_a_long_session_tells_of_its_last_answers() -> None:
    times = ReplyTimes()
    for total in [9_000] * 50 + [500] * KEPT_REPLIES:
        times.add(waterfall(total))
    assert times.replies == Replies(KEPT_REPLIES, 500, 500)
