from __future__ import annotations

import numpy as np
import pytest

from tui_assistant.audio import ringed
from tui_assistant.audio.base import DeviceState
from tui_assistant.audio.ringed import RING_S, RingMicrophone

RATE = 8000


class Clock:
    now = 30.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(ringed, "time", clock)
    return clock


@pytest.fixture
def microphone(clock) -> RingMicrophone:
    microphone = RingMicrophone("test")
    microphone._prepare(RATE)
    return microphone


def block(value: int, size: int = 80) -> np.ndarray:
    return np.full(size, value, np.int16)


def test_before_the_start_there_is_nothing() -> None:
    microphone = RingMicrophone("test")
    assert microphone.read().size == 0
    assert (microphone.lost, microphone.silent, microphone.state) == (0, False, DeviceState.RUNNING)


def test_blocks_come_out_in_order_and_have_their_time(microphone) -> None:
    for number in range(10):
        microphone._take(block(number + 1), 30.0 + number * 0.01)
    assert microphone.read().tolist() == np.repeat(np.arange(1, 11), 80).tolist()
    assert microphone.position_at(30.05) == 400


def test_a_late_reader_loses_the_oldest_and_is_told(microphone) -> None:
    for number in range(RING_S + 2):
        microphone._take(block(number + 1, RATE), 30.0 + number)
    assert microphone.read()[0] == 3
    assert microphone.lost == 2 * RATE
    assert microphone.position == 12 * RATE


def test_zeros_for_long_are_silent(microphone) -> None:
    microphone._take(block(0, 3 * RATE), 30.0)
    assert microphone.silent
    microphone._take(block(1), 33.0)
    assert not microphone.silent


def test_callbacks_that_end_are_a_lost_device(microphone, clock) -> None:
    microphone._take(block(1), clock.now)
    for _ in range(70):
        clock.now += 0.01
        state = microphone.state
    assert state is DeviceState.LOST
    noticed_s = microphone.lost / RATE  # from the end of the last block on
    assert 0.5 <= noticed_s <= 0.6
    assert microphone.read().size == microphone.position == 80  # nothing is made up for it
    assert (microphone.state, microphone.lost / RATE) == (state, noticed_s)  # once


def test_a_device_that_says_so_is_lost_at_once(microphone) -> None:
    microphone._finished = True
    assert microphone.state is DeviceState.LOST


def test_opened_anew_it_goes_on_where_it_was(microphone) -> None:
    microphone._take(block(1), 30.0)
    microphone._fill_gap(0.05)
    microphone._prepare(RATE)
    microphone._take(block(2), 30.06)
    assert microphone.read().tolist() == [1] * 80 + [0] * 400 + [2] * 80
    assert microphone.lost == 400
    assert microphone.position == 560
    assert microphone.position_at(30.07) == 560


def test_what_the_device_dropped_is_counted_by_its_time_stamps(microphone) -> None:
    for number in range(5):
        microphone._take(block(1), 30.0 + number * 0.01)
    microphone._fill_overflow(30.055)  # 5 ms late: no more than the stamps are wrong by
    assert microphone.lost == 0
    microphone._fill_overflow(32.05)
    microphone._take(block(2), 32.05)
    assert microphone.lost == 2 * RATE
    assert microphone.position_at(32.06) == 5 * 80 + 2 * RATE + 80
    heard = microphone.read()
    assert heard.size == 6 * 80 + 2 * RATE
    assert (heard[399], heard[400], heard[-1]) == (1, 0, 2)


def test_a_gap_longer_than_the_ring_is_counted_whole(microphone) -> None:
    microphone._take(block(1), 30.0)
    microphone._fill_gap(3 * RING_S)
    microphone.read()
    assert microphone.lost >= 3 * RING_S * RATE
