"""A file as the microphone, under a clock that the test turns."""

from __future__ import annotations

import numpy as np
import pytest

from tui_assistant.audio.base import DeviceState
from tui_assistant.audio.files import MAX_STEP_S, FileMicrophone, load_recording
from tui_assistant.errors import UsageError
from tui_assistant.sound.wav import Recording, WavWriter

RATE = 8000


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def ramp(size: int) -> np.ndarray:
    return np.arange(1, size + 1, dtype=np.int16)


def test_every_sample_comes_once_at_its_time_and_then_silence() -> None:
    clock = Clock()
    microphone = FileMicrophone(Recording(ramp(1000), RATE, 1, False), clock=clock)
    assert microphone.read().size == 0
    microphone.start()
    pieces = []
    for step in (0.0, 0.01, 0.0, 0.0335, 0.06, 0.0215):
        clock.now += step
        pieces.append(microphone.read())
    assert [piece.size for piece in pieces] == [0, 80, 0, 268, 480, 172]
    assert np.array_equal(np.concatenate(pieces), ramp(1000))
    assert microphone.state is DeviceState.ENDED

    clock.now += 0.05
    silence = microphone.read()
    assert silence.size == 400
    assert not silence.any()
    assert microphone.state is DeviceState.ENDED


def test_it_runs_until_the_last_sample_is_read() -> None:
    clock = Clock()
    microphone = FileMicrophone(Recording(ramp(1000), RATE, 1, False), clock=clock)
    microphone.start()
    clock.now += 999 / RATE
    assert microphone.read().size == 999
    assert microphone.state is DeviceState.RUNNING
    clock.now += 2 / RATE
    assert microphone.read().tolist() == [1000, 0]
    assert microphone.state is DeviceState.ENDED


def test_key_times_are_sample_positions() -> None:
    clock = Clock()
    microphone = FileMicrophone(Recording(ramp(10), RATE, 1, False), clock=clock)
    microphone.start()
    assert microphone.position_at(clock.now + 0.25) == 2000
    assert microphone.position_at(clock.now - 1) == 0
    clock.now += 3 / RATE
    assert microphone.read().size == microphone.position == 3


def test_the_file_waits_through_a_suspend() -> None:
    clock = Clock()
    size = 10 * RATE
    microphone = FileMicrophone(Recording(np.ones(size, np.int16), RATE, 1, False), clock=clock)
    microphone.start()
    clock.now += 9 * 3600
    assert microphone.read().size == MAX_STEP_S * RATE
    clock.now += 1
    assert microphone.read().size == RATE


def test_a_path_is_read_and_its_name_shown(tmp_path) -> None:
    path = tmp_path / "hello.wav"
    with path.open("wb") as file:
        WavWriter(file, 16_000).write(ramp(20))
    microphone = FileMicrophone(path)
    assert (microphone.name, microphone.rate, microphone.duration) == ("hello.wav", 16_000, 20 / 16_000)


@pytest.mark.parametrize("content", [None, b"", b"not a recording at all"])
def test_what_cannot_be_read_is_one_line_that_names_the_file(tmp_path, content) -> None:
    path = tmp_path / "bad.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"bad\.wav") as caught:
        load_recording(path)
    assert "\n" not in str(caught.value)
    assert caught.value.hint


def test_a_folder_is_refused(tmp_path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_recording(tmp_path)


def test_after_close_nothing_comes() -> None:
    clock = Clock()
    microphone = FileMicrophone(Recording(ramp(1000), RATE, 1, False), clock=clock)
    microphone.start()
    microphone.close()
    clock.now += 1
    assert microphone.read().size == 0
    assert microphone.state is DeviceState.CLOSED
