"""A pipe as the microphone."""

from __future__ import annotations

import io
import os
import threading
import time

import numpy as np
import pytest

from tui_assistant.audio.base import DeviceState
from tui_assistant.audio.stream_input import StreamMicrophone
from tui_assistant.errors import DeviceError
from tui_assistant.sound.wav import WavWriter


class Clock:
    now = 10.0

    def __call__(self) -> float:
        return self.now


def noise(size: int) -> np.ndarray:
    return np.random.default_rng(3).integers(-9000, 9000, size).astype(np.int16)


def drain(microphone: StreamMicrophone, clock: Clock, seconds: float) -> np.ndarray:
    """Reads in steps of 10 ms, giving the reading thread time to keep ahead."""
    pieces = []
    for _ in range(round(seconds * 100)):
        clock.now += 0.01
        deadline = time.monotonic() + 2
        while not microphone.ahead and not microphone._over.is_set() and time.monotonic() < deadline:
            time.sleep(0.001)
        pieces.append(microphone.read())
    return np.concatenate(pieces)


def test_raw_samples_at_the_pace_of_time_then_silence() -> None:
    sound, clock = noise(1600), Clock()
    microphone = StreamMicrophone(io.BytesIO(sound.tobytes() + b"\x01"), rate=16_000, clock=clock)
    microphone.start()
    microphone._over.wait(5)
    assert microphone.read().size == 0  # however fast it came
    clock.now += 0.05
    first = microphone.read()
    assert first.size == 800
    clock.now += 0.1
    second = microphone.read()
    assert np.array_equal(np.concatenate([first, second]), sound)  # the odd byte is dropped
    assert microphone.state is DeviceState.ENDED
    clock.now += 0.02
    assert microphone.read().tolist() == [0] * 320


def test_a_wav_brings_its_own_rate() -> None:
    sound, clock, file = noise(2205), Clock(), io.BytesIO()
    WavWriter(file, 22_050).write(sound)
    file.seek(0)
    microphone = StreamMicrophone(file, rate=16_000, clock=clock)
    microphone.start()
    assert microphone.rate == 22_050
    heard = drain(microphone, clock, 0.2)
    assert np.array_equal(heard[:2205], sound)
    assert not heard[2205:].any()


def test_a_stall_gives_nothing_and_loses_nothing() -> None:
    reading, writing = os.pipe()
    sound, clock = noise(3200), Clock()
    with os.fdopen(reading, "rb", buffering=0) as source:
        os.write(writing, sound[:1600].tobytes())
        microphone = StreamMicrophone(source, rate=16_000, clock=clock)
        microphone.start()
        before = drain(microphone, clock, 0.1)
        clock.now += 1
        assert microphone.read().size == 0
        assert microphone.state is DeviceState.RUNNING
        os.write(writing, sound[1600:].tobytes())
        os.close(writing)
        microphone._over.wait(5)
        after = microphone.read()
    assert np.array_equal(np.concatenate([before, after]), sound)
    microphone.read()
    assert microphone.state is DeviceState.ENDED


def test_who_fills_the_pipe_is_held_back(monkeypatch) -> None:
    monkeypatch.setattr("tui_assistant.audio.stream_input.AHEAD_S", 1)
    sound, clock = noise(3 * 8000), Clock()
    stream = io.BytesIO(sound.tobytes())
    microphone = StreamMicrophone(stream, rate=8000, clock=clock)
    microphone.start()
    time.sleep(0.1)
    assert stream.tell() <= (8000 + 160) * 2
    heard = drain(microphone, clock, 3)
    assert np.array_equal(heard, sound)
    assert microphone.lost == 0


@pytest.mark.parametrize("content", [b"RIFF\x00\x00\x00\x00NOPE", b"RIFF"])
def test_a_damaged_wav_is_refused(content) -> None:
    with pytest.raises(DeviceError) as caught:
        StreamMicrophone(io.BytesIO(content)).start()
    assert "standard input" in str(caught.value)


def test_an_empty_pipe_has_ended(monkeypatch) -> None:
    clock = Clock()
    microphone = StreamMicrophone(io.BytesIO(b""), clock=clock)
    microphone.start()
    microphone.read()
    assert microphone.state is DeviceState.ENDED
    assert microphone  # though nothing waits in it: who asks "is there one" is not told of its length


def test_close_ends_the_thread() -> None:
    microphone = StreamMicrophone(io.BytesIO(noise(16_000 * 40).tobytes()), clock=Clock())
    microphone.start()
    microphone.close()
    threads = [thread for thread in threading.enumerate() if thread.name == "audio-stdin"]
    for thread in threads:
        thread.join(3)
    assert not any(thread.is_alive() for thread in threads)
    assert microphone.state is DeviceState.CLOSED
