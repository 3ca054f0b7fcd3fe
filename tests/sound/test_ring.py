from __future__ import annotations

import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_assistant.sound.ring import SampleRing


def count_from(first: int, size: int) -> np.ndarray:
    """Samples that say their own position."""
    return (np.arange(first, first + size) % 30_011).astype(np.int16)


def test_reads_what_was_written_once() -> None:
    ring = SampleRing(10)
    ring.write(count_from(0, 4))
    ring.write(count_from(4, 3))
    assert ring.read().tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert ring.read().size == 0
    ring.write(count_from(7, 6))  # over the border
    assert ring.read().tolist() == [7, 8, 9, 10, 11, 12]
    assert (ring.written, ring.position, ring.lost) == (13, 13, 0)


def test_the_oldest_go_and_are_counted() -> None:
    ring = SampleRing(5)
    ring.write(count_from(0, 4))
    ring.write(count_from(4, 4))
    assert ring.read().tolist() == [3, 4, 5, 6, 7]
    assert ring.lost == 3
    ring.write(count_from(8, 23))  # more than fits at once
    samples = ring.read()
    assert samples.tolist() == [26, 27, 28, 29, 30]
    assert ring.position - samples.size == 26
    assert ring.lost == 3 + 18


def test_last_looks_back_without_reading() -> None:
    ring = SampleRing(6)
    assert ring.last(3).size == 0
    ring.write(count_from(0, 2))
    assert ring.last(3).tolist() == [0, 1]
    ring.write(count_from(2, 6))
    assert ring.last(3).tolist() == [5, 6, 7]
    assert ring.last(100).tolist() == [2, 3, 4, 5, 6, 7]
    assert ring.last(0).size == 0
    assert ring.read().size == 6


def test_what_was_returned_does_not_change_later() -> None:
    ring = SampleRing(4)
    ring.write(count_from(0, 4))
    samples, last = ring.read(), ring.last(2)
    ring.write(count_from(100, 4))
    assert samples.tolist() == [0, 1, 2, 3]
    assert last.tolist() == [2, 3]


def test_needs_room() -> None:
    with pytest.raises(ValueError, match="at least one"):
        SampleRing(0)


@given(st.integers(1, 50), st.lists(st.one_of(st.integers(0, 120), st.just("read")), max_size=40))
def test_agrees_with_a_list(capacity: int, actions: list[int | str]) -> None:
    ring, everything, taken = SampleRing(capacity), 0, 0
    for action in actions:
        if isinstance(action, int):
            ring.write(count_from(everything, action))
            everything += action
            continue
        first = max(taken, everything - capacity)
        assert ring.read().tolist() == count_from(first, everything - first).tolist()
        taken = everything
        assert ring.position == taken
    newest = min(capacity, everything)
    assert ring.last(capacity).tolist() == count_from(everything - newest, newest).tolist()


def test_two_threads_get_every_sample_or_count_it() -> None:
    """The reader is sometimes too slow on purpose; no sample may be torn, doubled or missing without being counted."""
    ring, total, block = SampleRing(4_000), 3_000_000, 997
    finished = threading.Event()
    wrong: list[int] = []
    got = 0

    def write() -> None:
        for first in range(0, total, block):
            ring.write(count_from(first, block))
        finished.set()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        writer = threading.Thread(target=write)
        writer.start()
        while True:
            last_round = finished.is_set()
            samples = ring.read()
            first = ring.position - samples.size
            if not np.array_equal(samples, count_from(first, samples.size)):
                wrong.append(first)
            got += samples.size
            if last_round:
                break
        writer.join()
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []
    assert got + ring.lost == ring.written >= total
    assert got > 0
