"""Real PortAudio and real miniaudio on a virtual microphone and speaker."""

from __future__ import annotations

import importlib.util
import json
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tui_assistant.sound.level import rms_dbfs
from tui_assistant.sound.wav import WavWriter, read_wav

# By path: the test folders are no packages.
_spec = importlib.util.spec_from_file_location("virtual_audio", Path(__file__).with_name("virtual_audio.py"))
assert _spec is not None
assert _spec.loader is not None
virtual_audio = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(virtual_audio)

RATE = 48_000
DRIVER = Path(__file__).with_name("audio_driver.py")
ROOT = Path(__file__).parents[2]
BACKENDS = ["portaudio", "miniaudio"]
PATIENCE_S = 60.0
TRIES = 3


@pytest.fixture
def audio(tmp_path_factory):
    # A short path: a Unix socket's name holds about 100 characters.
    with virtual_audio.VirtualAudio(tmp_path_factory.mktemp("va")) as server:
        yield server


class Driver:
    """A running audio_driver.py."""

    def __init__(self, audio, *arguments: object) -> None:
        self.events: list[dict] = []
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._process = subprocess.Popen(
            [sys.executable, str(DRIVER), *map(str, arguments)], env={**audio.env, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def until(self, condition) -> dict:
        """The next event that satisfies it."""
        while line := self._lines.get(timeout=PATIENCE_S):
            self.events.append(json.loads(line))
            if condition(self.events[-1]):
                return self.events[-1]
        raise AssertionError(self.events)

    def next(self) -> dict:
        return self.until(lambda event: True)

    def over(self) -> list[dict]:
        """Lets it end; all that it said."""
        self._process.stdin.close()
        while line := self._lines.get(timeout=PATIENCE_S):
            self.events.append(json.loads(line))
        assert self._process.wait(PATIENCE_S) == 0
        return self.events


def undisturbed(attempt) -> None:
    """Once more where it fails: a machine with other work leaves holes in what it plays or records."""
    for _ in range(TRIES - 1):
        try:
            return attempt()
        except AssertionError as error:
            print(error)
    return attempt()


def noise(seconds: float) -> np.ndarray:
    """Band-limited noise, which correlates with nothing but itself."""
    white = np.random.default_rng(5).normal(0, 1, int(seconds * RATE))
    smooth = np.convolve(white, np.hanning(24), "same")
    return (smooth / np.abs(smooth).max() * 12_000).astype(np.int16)


def sine(seconds: float, dbfs_rms: float) -> np.ndarray:
    amplitude = 32768 * 10 ** (dbfs_rms / 20) * np.sqrt(2)
    return np.rint(amplitude * np.sin(2 * np.pi * 1000 * np.arange(int(seconds * RATE)) / RATE)).astype(np.int16)


def wav(path: Path, samples: np.ndarray) -> Path:
    with path.open("wb") as file:
        WavWriter(file, RATE).write(samples)
    return path


def correlation(heard: np.ndarray, played: np.ndarray) -> float:
    """The best over all shifts, of the part of `heard` that lines up with `played`."""
    size = heard.size + played.size
    spectrum = np.fft.rfft(heard.astype(float), size) * np.conj(np.fft.rfft(played.astype(float), size))
    shift = int(np.argmax(np.fft.irfft(spectrum, size)[: heard.size]))
    part = heard[shift : shift + played.size]
    return float(np.corrcoef(part, played[: part.size])[0, 1]) if part.size > played.size * 0.95 else 0.0


def whole(samples: np.ndarray) -> np.ndarray:
    """Without silences of a millisecond and more: where a busy machine came too late, the device played nothing."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], samples == 0, [0]]).astype(np.int8)))
    kept = np.ones(samples.size, bool)
    for begin, end in edges.reshape(-1, 2):
        kept[begin:end] = end - begin < RATE // 1000
    return samples[kept]


def loud_span(samples: np.ndarray) -> np.ndarray:
    """From the first to the last loud sample."""
    loud = np.flatnonzero(np.abs(samples.astype(int)) > 300)
    return samples[loud[0] : loud[-1] + 1] if loud.size else samples[:0]


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_microphone_hears_what_is_played(audio, tmp_path, backend) -> None:
    sound = noise(1.5)

    def attempt() -> None:
        driver = Driver(audio, "capture", backend, tmp_path / "heard.npy")
        assert driver.next()["rate"] == RATE
        audio.play(wav(tmp_path / "sound.wav", sound))
        _, after, closed = driver.over()
        heard = np.load(tmp_path / "heard.npy")
        assert correlation(heard, sound) > 0.99
        assert (after["state"], after["lost"], closed["state"]) == ("running", 0, "closed")
        assert abs(heard.size / RATE - after["seconds"]) < 0.2
        assert -30 < after["ahead_ms"] < 150  # a key pressed now belongs to a sample that is about to be read

    undisturbed(attempt)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_sine_of_minus_20_dbfs_reads_minus_20(audio, tmp_path, backend) -> None:
    driver = Driver(audio, "capture", backend, tmp_path / "heard.npy")
    driver.next()
    audio.play(wav(tmp_path / "sine.wav", sine(1.5, -20)))
    driver.over()
    span = loud_span(np.load(tmp_path / "heard.npy"))
    assert span.size > 1.2 * RATE
    assert rms_dbfs(span[4800:-4800]) == pytest.approx(-20, abs=1)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_speaker_plays_what_is_written(audio, tmp_path, backend) -> None:
    sound = noise(1.5)
    np.save(tmp_path / "sound.npy", sound)

    def attempt() -> None:
        recording = audio.begin_record(tmp_path / "monitor.wav")
        start, end = Driver(audio, "play", backend, tmp_path / "sound.npy").over()
        heard = read_wav(recording.stop().read_bytes(), "monitor").samples
        assert start["rate"] == RATE
        assert end["monotone"]
        assert end["played"] == end["written"] == sound.size
        assert end["seconds"] > 1.48  # as long as it lasts: not by the samples handed over, which would be 0.2 s less
        assert end["state"] == "running"
        assert correlation(whole(heard), sound) > 0.99

    undisturbed(attempt)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_flush_is_heard_at_once_and_counted_right(audio, tmp_path, backend) -> None:
    np.save(tmp_path / "sine.npy", sine(4, -12))

    def attempt() -> None:
        recording = audio.begin_record(tmp_path / "monitor.wav")
        _, end, again = Driver(audio, "play", backend, tmp_path / "sine.npy", 0.8).over()
        heard = read_wav(recording.stop().read_bytes(), "monitor").samples
        assert end["played"] == end["flush_played"]
        assert again["again"] == end["flush_played"] + 4800
        assert end["flush_ms"] < 30
        loud = np.flatnonzero(np.abs(heard.astype(int)) > 300)
        gaps = np.flatnonzero(np.diff(loud) > RATE * 0.2)
        assert gaps.size == 1  # the answer that was cut off, then the next one
        sounded = whole(heard[loud[0] : loud[gaps[0]] + 1]).size
        assert abs(sounded - end["flush_played"]) < RATE * 0.05  # 50 ms: more sound than counted is the flush's delay
        assert abs(whole(heard[loud[gaps[0] + 1] : loud[-1] + 1]).size - 4800) < RATE * 0.02

    undisturbed(attempt)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("side", ["input", "output"])
@pytest.mark.parametrize("how", ["unplugged", "server"])
def test_a_device_that_goes_is_noticed_and_comes_back(audio, tmp_path, backend, side, how) -> None:
    driver = Driver(audio, "watch", backend, side)
    assert driver.next()["state"] == "running"
    time.sleep(0.7)
    if how == "server":
        audio.stop()
    else:  # both: where another source is left, PulseAudio moves the stream to it and nothing is lost
        audio.unload_microphone()
        audio.unload_speaker()
    driver.until(lambda event: event["state"] == "lost")
    refused = driver.until(lambda event: "refused" in event)  # it was tried while there was nothing
    if how == "server":
        audio.start()
    else:
        audio.load_speaker()
        audio.load_microphone()
    driver.until(lambda event: event["state"] == "running")
    if side == "input":
        audio.begin_play(wav(tmp_path / "sine.wav", sine(2.0, -12)))
        driver.until(lambda event: event["loud"])
    else:
        recording = audio.begin_record(tmp_path / "monitor.wav")
        deadline = time.monotonic() + PATIENCE_S
        while np.abs(recording.samples()).max(initial=0) <= 2000:
            assert time.monotonic() < deadline, driver.events
            time.sleep(0.05)
        recording.stop()
    events = driver.over()
    assert [event["state"] for event in events if not event["loud"]][-1] == "closed"
    assert refused["hint"]
    assert all("\n" not in event["refused"] for event in events if "refused" in event)


def test_a_microphone_pulled_out_and_put_back_is_heard_again(audio, tmp_path) -> None:
    driver = Driver(audio, "watch", "portaudio", "input")
    assert driver.next()["state"] == "running"
    audio.unload_microphone()  # PulseAudio moves the stream to the speaker's monitor: no error, no flag
    time.sleep(0.5)
    audio.load_microphone()
    time.sleep(1.5)
    audio.play(wav(tmp_path / "sine.wav", sine(0.7, -12)))
    driver.until(lambda event: event["loud"])
    driver.over()


def test_without_a_server_the_error_says_what_to_do(audio) -> None:
    audio.stop()
    program = (
        "from tui_assistant.audio.devices import open_microphone, open_speaker, list_devices\n"
        "from tui_assistant.errors import DeviceError\n"
        "for opener in (open_microphone, open_speaker):\n"
        "    try: device = opener(); device.start()\n"
        "    except DeviceError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env={**audio.env, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    microphone, speaker = done.stdout.splitlines()
    assert "microphone" in microphone
    assert "--input" in microphone
    assert "speaker" in speaker
    assert "--output" in speaker
