"""Positions that only grow."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_assistant.engine.buffer import SampleBuffer


def ramp(first: int, count: int) -> np.ndarray:
    return (np.arange(first, first + count) & 0x7FFF).astype(np.int16)


@given(
    steps=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 300)), max_size=20),
    begin=st.integers(0, 600),
    length=st.integers(-20, 600),
)
@settings(max_examples=200, deadline=None)
def test_positions_stay_whatever_is_dropped(steps: list[tuple[int, int]], begin: int, length: int) -> None:
    """Against the plainest model: a list of all samples ever, and where what is held begins."""
    buffer = SampleBuffer(16_000)
    end = start = 0
    for count, drop in steps:
        buffer.append(ramp(end, count))
        end += count
        buffer.drop_before(drop)
        start = max(start, min(drop, end))
        assert (buffer.start, buffer.end, len(buffer)) == (start, end, end - start)
    wanted = [n for n in range(begin, begin + length) if start <= n < end]
    assert np.frombuffer(buffer.slice(begin, begin + length), "<i2").tolist() == wanted


def test_memory_is_given_back() -> None:
    buffer = SampleBuffer(16_000)
    for second in range(60):
        buffer.append(np.zeros(16_000, np.int16))
        buffer.drop_before(second * 16_000)
    assert len(buffer._data) <= 4 * 2 * 16_000  # a few seconds of bytes, not sixty


def test_times_and_positions() -> None:
    buffer = SampleBuffer(44_100)
    buffer.append(np.zeros(100, np.int16))
    assert buffer.ms(buffer.end) == 2  # 2.27 ms, rounded down
    assert buffer.at_ms(10) == 441
    assert buffer.at_ms(1) == 44
