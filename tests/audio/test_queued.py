"""The part that all loudspeakers share, on a device of which the test is the clock's hand."""

from __future__ import annotations

import numpy as np
import pytest
from queued_device import RATE, Clock, Device

from tui_assistant.audio import queued
from tui_assistant.audio.base import DeviceState
from tui_assistant.audio.fade import DUCKED
from tui_assistant.audio.queued import IDLE_STOP_S, LATENCY_S, START_WAIT_S

BUFFER = int(LATENCY_S * RATE)


@pytest.fixture
def device(monkeypatch) -> Device:
    clock = Clock()
    monkeypatch.setattr(queued, "time", clock)
    return Device(clock)


def ramp(size: int) -> np.ndarray:
    return np.arange(1, size + 1, dtype=np.int16)


def test_it_starts_with_the_answer_not_with_silence(device) -> None:
    device.write(ramp(400))
    assert device.starts == 1
    assert device.sound == list(range(1, BUFFER + 1))
    assert (device.played(), device.pending()) == (0, 400)
    device.pass_time(0.1)
    assert 99 <= device.played() <= 101
    device.pass_time(0.4)
    assert (device.played(), device.pending()) == (400, 0)


def test_a_short_first_piece_waits_a_moment_for_the_next(device) -> None:
    device.write(ramp(50))
    assert device.starts == 0
    device.clock.now += 0.02
    device.write(np.arange(51, 201, dtype=np.int16))
    assert device.starts == 1
    assert device.sound[:200] == list(range(1, BUFFER + 1))


def test_a_short_answer_is_played_all_the_same(device) -> None:
    device.write(ramp(50))
    device.clock.now += START_WAIT_S + 0.001
    assert device.pending() == 50
    assert device.starts == 1
    device.pass_time(0.3)
    assert device.played() == 50


def test_it_stops_when_there_is_nothing_to_play(device) -> None:
    device.write(ramp(200))
    device.pass_time(0.2 + LATENCY_S + IDLE_STOP_S + 0.1)
    assert not device._running
    assert device.state is DeviceState.RUNNING
    device.write(ramp(200))
    assert device.starts == 2
    assert device.played() == 200  # of the first answer


def test_the_next_answer_does_not_wait_behind_silence(device) -> None:
    device.write(ramp(200))
    device.pass_time(0.4)
    assert device._running
    device.sound.clear()
    device.write(ramp(300))
    assert device.starts == 2
    assert device.sound[0] == 1


def test_a_flush_drops_queue_and_buffer(device) -> None:
    device.write(ramp(600))
    device.pass_time(0.2)
    device.flush()
    heard = device.played()
    assert 199 <= heard <= 201
    assert (device.pending(), device.aborts) == (0, 1)
    device.pass_time(1)
    assert device.played() == heard
    device.write(ramp(200))
    device.pass_time(0.5)
    assert device.played() == heard + 200
    device.flush()  # with nothing to drop
    assert device.played() == heard + 200


def test_volume(device) -> None:
    device.gain = 0.5
    device.write(np.full(200, 1000, np.int16))
    assert device.sound[:BUFFER] == [500] * BUFFER


def test_a_device_whose_callbacks_end_is_lost(device) -> None:
    device.write(ramp(5000))
    device.pass_time(0.1)
    for _ in range(70):  # time goes on, the device does not
        device.clock.now += 0.01
        state = device.state
    assert state is DeviceState.LOST


def test_a_device_that_says_so_is_lost_at_once_and_not_started_again(device) -> None:
    device.write(ramp(5000))
    device._on_finished()
    assert device.pending() > 0
    assert device.state is DeviceState.LOST
    device.write(ramp(500))
    assert device.starts == 1


def test_one_that_went_while_it_was_idle_is_lost_when_it_is_to_play(device) -> None:
    device.gone = True
    device.write(ramp(500))
    assert device.state is DeviceState.LOST


def test_ducking_is_heard_at_once_and_no_sample_gets_lost_or_comes_twice(device) -> None:
    device.write(ramp(1000))
    device.pass_time(0.1)
    heard = device.played()
    device.sound.clear()
    device.duck(True)
    assert (device.starts, device.aborts) == (2, 1)
    assert (device.played(), device.pending()) == (heard, 1000 - heard)
    ducked = np.array(device.sound)
    wanted = np.arange(heard + 1, heard + 1 + len(ducked)) * DUCKED
    assert np.abs(ducked[20:] - wanted[20:]).max() <= 1  # as before, 12 dB lower
    assert ducked[0] <= wanted[0] / 2  # and faded in
    device.pass_time(1)
    assert (device.played(), device.pending()) == (1000, 0)


def test_ducking_twice_and_coming_back(device) -> None:
    device.write(ramp(1000))
    device.pass_time(0.1)
    for _ in range(3):
        device.duck(True)
        device.duck(True)
        device.pass_time(0.03)
        device.duck(False)
        device.pass_time(0.03)
    assert device.starts == 4
    device.pass_time(0.2)
    assert device.sound[-1] == 0 or device.sound[-1] == device.sound[-2] + 1  # loud again: the ramp's own steps
    device.pass_time(1)
    assert (device.played(), device.pending()) == (1000, 0)


def test_nothing_that_is_not_heard_is_ducked_by_a_restart(device) -> None:
    device.duck(True)
    device.duck(False)
    device.write(ramp(400))
    device.pass_time(0.6)
    device.duck(True)
    assert device.aborts == 0
    device.write(np.full(400, 10_000, np.int16))
    assert device.sound[-1] == int(10_000 * DUCKED)
    device.flush()
    device.write(np.full(400, 10_000, np.int16))
    assert device.sound[-1] == 10_000
