"""Around PortAudio's habits, with a stand-in for sounddevice; the real one is in tests/terminal."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import numpy as np
import pytest

from tui_assistant.audio import microphone as microphone_module
from tui_assistant.audio import portaudio
from tui_assistant.audio.base import DeviceInfo, DeviceState
from tui_assistant.audio.microphone import PortAudioMicrophone
from tui_assistant.audio.speaker import PortAudioSpeaker
from tui_assistant.errors import DeviceError


class PortAudioError(Exception):
    pass


class Stream:
    """As sounddevice's, with what a test wants to see."""

    failures: list[Exception] = []  # noqa: RUF012  # filled and emptied by the tests

    def __init__(self, **options) -> None:
        self.options, self.samplerate, self.time = options, options["samplerate"], 5.0
        self.calls: list[str] = []

    def start(self) -> None:
        self.calls.append("start")
        if self.failures:
            raise self.failures.pop(0)

    def abort(self, ignore_errors: bool = True) -> None:
        self.calls.append("abort")

    def close(self, ignore_errors: bool = True) -> None:
        self.calls.append("close")


class Sound:
    """A stand-in for the sounddevice module: a device that takes only some rates and channels."""

    PortAudioError = PortAudioError

    def __init__(self) -> None:
        self.native, self.claimed, self.rates, self.channels = 44_100, 2, {44_100}, {1, 2}
        self.refreshed = 0
        self.streams: list[Stream] = []

    def query_devices(self, index: int | None = None):
        device = {
            "index": 4,
            "name": "USB",
            "hostapi": 0,
            "max_input_channels": self.claimed,
            "max_output_channels": 0,
            "default_samplerate": float(self.native),
        }
        return [device] if index is None else device

    def query_hostapis(self):
        return ({"name": "ALSA", "default_input_device": 4, "default_output_device": -1},)

    def InputStream(self, **options):  # noqa: N802  # sounddevice's name
        if options["channels"] not in self.channels:
            raise PortAudioError("Invalid number of channels", portaudio.INVALID_CHANNELS)
        if options["samplerate"] not in self.rates:
            raise PortAudioError("Invalid sample rate", portaudio.INVALID_RATE)
        self.streams.append(Stream(**options))
        return self.streams[-1]

    def _terminate(self) -> None: ...

    def _initialize(self) -> None:
        self.refreshed += 1


def set_time(monkeypatch, now: float) -> None:
    clock = SimpleNamespace(monotonic=lambda: now)
    monkeypatch.setattr(portaudio, "time", clock)
    monkeypatch.setattr(microphone_module, "time", clock)


@pytest.fixture
def sound(monkeypatch) -> Sound:
    fake = Sound()
    monkeypatch.setattr(portaudio, "load", lambda: fake)
    monkeypatch.setattr(portaudio, "_stuck", [])
    monkeypatch.setattr(portaudio, "_refreshed_at", 0.0)
    set_time(monkeypatch, 1000.0)
    portaudio._open.clear()
    Stream.failures = []
    return fake


INFO = DeviceInfo(4, "USB", "ALSA", default=True)
TIMES = SimpleNamespace(inputBufferAdcTime=4.9, outputBufferDacTime=5.1)  # stream time is 5.0


def test_the_list_names_devices_and_claims_nothing_else(sound) -> None:
    found = portaudio.list_devices()
    assert found.inputs == (INFO,)
    assert found.outputs == ()


@pytest.mark.parametrize(
    ("native", "claimed", "rates", "channels", "opened"),
    [
        (44_100, 2, {44_100, 48_000}, {1, 2}, (44_100, 1)),  # as it is
        (44_100, 2, {48_000}, {1, 2}, (48_000, 1)),  # its own default refused
        (16_000, 2, {8_000}, {2}, (8_000, 2)),
        (48_000, 6, {48_000}, {6}, (48_000, 6)),  # all channels or none
        (44_100, 32, {44_100, 48_000}, {1}, (48_000, 1)),  # a plugin that takes everything
    ],
)
def test_rates_and_channels_fall_back(sound, native, claimed, rates, channels, opened) -> None:
    sound.native, sound.claimed, sound.rates, sound.channels = native, claimed, rates, channels
    microphone = PortAudioMicrophone(INFO)
    microphone.start()
    options = sound.streams[-1].options
    assert (options["samplerate"], options["channels"]) == opened
    assert options["blocksize"] == opened[0] // 100
    assert microphone.rate == opened[0]


def test_nothing_fits(sound) -> None:
    sound.rates = set()
    with pytest.raises(DeviceError, match="'USB' cannot be opened: Invalid sample rate"):
        PortAudioMicrophone(INFO).start()
    assert portaudio.is_stale()
    assert portaudio.refresh()
    assert not portaudio.is_stale()


def test_another_error_ends_the_tries_and_says_why(sound, monkeypatch) -> None:
    def busy(**_options):
        raise PortAudioError("Device unavailable", portaudio.UNAVAILABLE)

    monkeypatch.setattr(sound, "InputStream", busy)
    with pytest.raises(DeviceError, match="unavailable") as caught:
        PortAudioMicrophone(INFO).start()
    assert "another program uses it" in caught.value.hint


def test_a_start_that_times_out_is_tried_once_more(sound) -> None:
    Stream.failures = [PortAudioError("Wait timed out", portaudio.TIMED_OUT)]
    PortAudioMicrophone(INFO).start()
    assert sound.streams[-1].calls.count("start") == 2
    Stream.failures = [PortAudioError("Wait timed out", portaudio.TIMED_OUT)] * 2
    with pytest.raises(DeviceError, match="timed out"):
        PortAudioMicrophone(INFO).start()
    assert sound.streams[-1].calls[-1] == "close"


def test_a_call_that_never_returns_is_left_alone(monkeypatch) -> None:
    monkeypatch.setattr(portaudio, "CALL_TIMEOUT_S", 0.05)
    monkeypatch.setattr(portaudio, "_stuck", [])
    over = threading.Event()
    stream = object()
    with pytest.raises(DeviceError, match="does not answer"):
        portaudio.bounded(lambda: over.wait(20) and None, stream)
    portaudio.close_stream(stream)  # would hang as well: not even tried
    assert portaudio._stuck == [stream]
    over.set()


def test_channels_are_averaged_and_blocks_stamped(sound, monkeypatch) -> None:
    sound.channels = {2}
    microphone = PortAudioMicrophone(INFO)
    microphone.start()
    set_time(monkeypatch, 200.0)
    data = np.array([[100, 300], [-5, -7], [32767, 32767]], np.int16)
    microphone._callback(data, 3, TIMES, None)
    assert microphone.read().tolist() == [200, -6, 32767]
    assert microphone.position_at(199.9 + 100 / 44_100) == 100


def test_an_overflow_of_the_device_is_counted(sound, monkeypatch) -> None:
    """The program stood still (SIGSTOP, a starved machine) for longer than the device keeps what it hears."""
    microphone = PortAudioMicrophone(INFO)
    microphone.start()
    data = np.ones((441, 1), np.int16)
    for late_s, overflow in ((0.0, False), (0.01, False), (1.51, True)):
        set_time(monkeypatch, 200.0 + late_s)
        microphone._callback(data, 441, TIMES, SimpleNamespace(input_overflow=overflow))
    lost = microphone.lost
    assert abs(lost - 1.49 * microphone.rate) <= 2
    assert microphone.read().size == 3 * 441 + lost


def test_a_block_that_comes_while_the_microphone_closes_is_left(sound) -> None:
    """PortAudio's thread calls until the stream has ended, which is after `close` has begun."""
    microphone = PortAudioMicrophone(INFO)
    microphone.start()
    heard = np.full((3, 1), 7, np.int16)
    sound.streams[-1].abort = lambda ignore_errors: microphone._callback(heard, 3, TIMES, None)
    microphone.close()
    microphone._callback(heard, 3, TIMES, None)
    assert microphone.read().size == 0
    assert microphone.state is DeviceState.CLOSED


def test_a_block_that_is_wanted_while_the_speaker_closes_is_silence(sound) -> None:
    speaker = PortAudioSpeaker(INFO)
    speaker._callback_stop = StopIteration
    out = np.full((3, 2), 7, np.int16)
    with pytest.raises(StopIteration):
        speaker._callback(out, 3, TIMES, SimpleNamespace(output_underflow=True))
    assert not out.any()


def test_a_refresh_leaves_who_is_busy_alone_unless_it_must(sound) -> None:
    microphone = PortAudioMicrophone(INFO)
    microphone.start()
    assert portaudio.refresh()  # the first in a long time: worth a short gap
    assert len(sound.streams) == 2
    assert sound.streams[0].calls[-1] == "close"
    assert not portaudio.refresh()
    assert portaudio.refresh(force=True)
    assert sound.refreshed == 2
    assert microphone.state is DeviceState.RUNNING
    microphone.close()
    assert portaudio.refresh()  # nobody is left
    assert len(sound.streams) == 3


def test_a_refresh_counts_its_gap_and_finds_who_has_gone(sound, monkeypatch) -> None:
    microphone = PortAudioMicrophone(INFO)
    microphone.start()
    microphone.suspend()
    set_time(monkeypatch, 1000.05)
    microphone.resume()
    assert microphone.lost == 2205
    assert microphone.read().size == 2205
    monkeypatch.setattr(sound, "query_devices", lambda index=None: [])
    portaudio.refresh(force=True)
    assert microphone.state is DeviceState.LOST


def test_a_missing_library_is_a_problem_not_an_exception(monkeypatch) -> None:
    def missing():
        raise DeviceError("no audio library: PortAudio library not found", portaudio.INSTALL_HINT)

    monkeypatch.setattr(portaudio, "load", missing)
    found = portaudio.list_devices()
    assert (found.inputs, found.outputs) == ((), ())
    assert "PortAudio library not found" in found.problem
