"""Speakers without a device, under a clock that the test turns."""

from __future__ import annotations

import numpy as np
import pytest

from tui_assistant.audio import clocked
from tui_assistant.audio.base import MAX_QUEUE_S, DeviceState
from tui_assistant.audio.clocked import ClockedSpeaker, FileSpeaker
from tui_assistant.audio.fade import DUCKED
from tui_assistant.errors import DeviceError
from tui_assistant.sound.wav import read_wav

RATE = 8000


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def tone(size: int, value: int = 1000) -> np.ndarray:
    return np.full(size, value, np.int16)


def test_played_and_pending_follow_the_clock(clock) -> None:
    speaker = ClockedSpeaker(rate=RATE, clock=clock)
    speaker.start()
    clock.now += 1
    speaker.write(tone(800))
    assert (speaker.played(), speaker.pending()) == (0, 800)
    clock.now += 0.025
    assert (speaker.played(), speaker.pending()) == (200, 600)
    clock.now += 1
    assert (speaker.played(), speaker.pending()) == (800, 0)
    assert not speaker.echoes


def test_a_flush_drops_what_is_not_heard_and_counts_it_nowhere(clock) -> None:
    speaker = ClockedSpeaker(rate=RATE, clock=clock)
    speaker.start()
    speaker.write(tone(800))
    clock.now += 0.05
    speaker.flush()
    assert (speaker.played(), speaker.pending()) == (400, 0)
    clock.now += 0.5
    speaker.write(tone(80))
    clock.now += 0.5
    assert speaker.played() == 480


def test_the_queue_is_bounded_and_says_what_it_refused(clock) -> None:
    speaker = ClockedSpeaker(rate=RATE, clock=clock)
    speaker.start()
    for _ in range(MAX_QUEUE_S + 5):
        speaker.write(tone(RATE))
    assert speaker.pending() == MAX_QUEUE_S * RATE
    assert speaker.dropped == 5 * RATE


def test_the_file_is_the_timeline(clock, tmp_path) -> None:
    path = tmp_path / "out.wav"
    speaker = FileSpeaker(path, rate=RATE, clock=clock)
    speaker.start()
    clock.now += 0.1
    speaker.write(tone(800, 1000))
    clock.now += 0.05
    speaker.played()
    heard = read_wav(path.read_bytes(), "out")  # a whole WAV in the middle of the answer
    assert (heard.rate, heard.samples.tolist()) == (RATE, [0] * 800 + [1000] * 400)

    speaker.flush()  # the other half never appears
    clock.now += 0.1
    speaker.gain = 0.5
    speaker.write(tone(80, 2000))
    clock.now += 0.03
    speaker.close()
    assert speaker.state is DeviceState.CLOSED
    expected = [0] * 800 + [1000] * 400 + [0] * 800 + [1000] * 80 + [0] * 160
    assert read_wav(path.read_bytes(), "out").samples.tolist() == expected

    clock.now += 1
    speaker.write(tone(80))
    assert read_wav(path.read_bytes(), "out").samples.size == len(expected)


def test_a_file_that_cannot_be_made_is_one_clear_line(tmp_path) -> None:
    speaker = FileSpeaker(tmp_path / "missing" / "out.wav")
    with pytest.raises(DeviceError, match="cannot be written") as caught:
        speaker.start()
    assert "--output" in caught.value.hint


def test_a_full_disk_is_a_lost_device(clock, tmp_path, monkeypatch) -> None:
    class Full:
        def __init__(self, *_arguments) -> None: ...

        def write(self, _samples) -> None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(clocked, "WavWriter", Full)
    speaker = FileSpeaker(tmp_path / "out.wav", rate=RATE, clock=clock)
    speaker.start()
    clock.now += 0.1
    speaker.write(tone(10))
    assert speaker.state is DeviceState.LOST


def test_ducking_acts_at_its_moment_and_by_a_ramp(clock, tmp_path) -> None:
    speaker = FileSpeaker(tmp_path / "out.wav", rate=RATE, clock=clock)
    speaker.start()
    speaker.write(tone(8000, 10_000))
    clock.now += 0.1
    speaker.duck(True)
    clock.now += 0.1
    speaker.duck(False)
    clock.now += 0.1
    speaker.close()
    heard = read_wav((tmp_path / "out.wav").read_bytes(), "out.wav").samples.astype(int)
    assert set(heard[:800]) == {10_000}
    assert set(heard[800 + 160 : 1600]) == {int(10_000 * DUCKED)}
    assert set(heard[1600 + 160 : 2400]) == {10_000}
    assert np.abs(np.diff(heard)).max() <= 100


def test_after_a_flush_the_next_answer_is_loud(clock, tmp_path) -> None:
    speaker = FileSpeaker(tmp_path / "out.wav", rate=RATE, clock=clock)
    speaker.start()
    speaker.write(tone(800, 10_000))
    speaker.duck(True)
    clock.now += 0.05
    speaker.flush()
    speaker.write(tone(800, 10_000))
    clock.now += 0.05
    speaker.close()
    assert set(read_wav((tmp_path / "out.wav").read_bytes(), "out.wav").samples[400:]) == {10_000}
