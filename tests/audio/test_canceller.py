"""WebRTC's canceller behind the stage, on echoes of real speech."""

from __future__ import annotations

import ctypes
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from echo_room import Desk, heard, needs_canceller, speech, through

from tui_assistant.audio import canceller
from tui_assistant.audio.canceller import MEND, WebRtcCanceller
from tui_assistant.audio.echo import EchoStage
from tui_assistant.client.bargein import NEEDED, OF
from tui_assistant.errors import DeviceError
from tui_assistant.models.detectors import silero

RATE, DEVICE_RATE = 16_000, 48_000
ANSWER = ("lj_0002", "lj_0006")
VAD_FRAME = 512


@pytest.fixture(scope="module", autouse=True)
def library() -> None:
    """Loaded before the first test, which would else be said to leave its sockets behind: it keeps them."""
    needs_canceller()
    WebRtcCanceller(RATE)


def cancelled(mic: np.ndarray, rate: int = RATE, chunk_s: float = 0.01, **desk: float):
    """What comes out of the stage while ANSWER is played from the first sample on."""
    needs_canceller()
    played = Desk(speech(*ANSWER, rate=DEVICE_RATE), DEVICE_RATE, **desk)
    stage = EchoStage(rate, lambda played_rate: WebRtcCanceller(rate, played_rate))
    clean, raw, _ = through(stage, played, mic, chunk_s=chunk_s)
    assert np.array_equal(raw, mic[: raw.size])
    return clean, raw, stage


def erle(raw: np.ndarray, clean: np.ndarray) -> float:
    return float(10 * np.log10(np.sum(raw.astype(float) ** 2) / np.sum(clean.astype(float) ** 2)))


def p_speech(samples: np.ndarray) -> np.ndarray:
    detector = silero.create({})
    starts = range(0, samples.size - VAD_FRAME + 1, VAD_FRAME)
    return np.array([detector.probability(samples[at : at + VAD_FRAME]) for at in starts])


def onsets(p: np.ndarray) -> int:
    """As the engine has them: two frames running."""
    return int(np.sum((p[1:] >= 0.5) & (p[:-1] >= 0.5)))


@pytest.mark.parametrize(
    ("room", "desk"),
    [
        ({}, {}),
        ({"echo_db": -20.0}, {}),
        ({"echo_db": 0.0, "delay_ms": 5.0}, {}),
        ({"delay_ms": 150.0}, {}),
        ({"delay_ms": 250.0}, {}),
        ({"wet": 0.3}, {}),
        ({"noise_dbfs": -40.0}, {}),
        ({}, {"jitter_s": 0.005}),
        ({}, {"error_s": 0.02}),
        ({}, {"error_s": -0.02}),
        ({}, {"drift": 1e-4}),
    ],
)
def test_echo_is_taken_out_from_the_beginning_and_starts_no_turn(room, desk) -> None:
    answer = speech(*ANSWER)
    clean, raw, stage = cancelled(heard(answer, RATE, **room), **desk)
    assert erle(raw[: RATE // 2], clean[: RATE // 2]) > 15
    assert erle(raw[RATE // 2 : RATE], clean[RATE // 2 : RATE]) > 20
    assert erle(raw[RATE:], clean[RATE:]) > 25
    assert stage.erle_db is not None
    assert stage.erle_db > 25
    assert onsets(p_speech(raw)) > 50  # without it the assistant would interrupt itself
    assert onsets(p_speech(clean)) == 0


def test_what_a_church_leaves_of_it_is_no_interruption() -> None:
    """Two frames in a row may look like speech there: the rule wants five of ten."""
    clean, raw, _ = cancelled(heard(speech(*ANSWER), RATE, wet=0.4))
    assert erle(raw[RATE:], clean[RATE:]) > 25
    assert np.convolve(p_speech(clean) >= 0.5, np.ones(OF)).max() <= NEEDED - 2


@pytest.mark.parametrize("who", ["jfk", "librivox_0880", "lj_0013"])
def test_who_speaks_as_loud_as_the_echo_is_still_heard(who: str) -> None:
    answer, user = speech(*ANSWER), speech(who)[: 3 * RATE]
    mic = heard(answer, RATE, echo_db=0.0, user=user, user_at_s=3.0)
    clean, _, _ = cancelled(mic)
    before, during = clean[: 3 * RATE], clean[3 * RATE : 6 * RATE]
    assert onsets(p_speech(before)) == 0
    assert onsets(p_speech(during)) >= 5


@pytest.mark.parametrize("rate", [16_000, 24_000, 48_000])
def test_what_comes_out_belongs_to_the_same_sample_as_raw(rate: int) -> None:
    """Within two samples, of the user's voice in an answer that is too faint to be heard."""
    user = speech("jfk", rate=rate)[: 4 * rate]
    clean, raw, _ = cancelled(user, rate=rate)
    middle = slice(rate, 3 * rate)
    late = np.fft.rfft(clean[middle].astype(float)) * np.conj(np.fft.rfft(raw[middle].astype(float)))
    hz = np.fft.rfftfreq(2 * rate, 1 / rate)
    late[(hz < 700) | (hz > 3500)] = 0  # its high-pass moves what is lower
    match = np.fft.irfft(late)
    best = int(np.argmax(match))
    assert min(best, match.size - best) <= 2


def test_the_chunking_changes_nothing() -> None:
    mic = heard(speech(*ANSWER), RATE)[: 3 * RATE]
    one, other = (cancelled(mic, chunk_s=chunk)[0] for chunk in (0.01, 0.0231))
    kept = min(one.size, other.size)
    assert kept > 2.9 * RATE
    assert np.array_equal(one[:kept], other[:kept])


def test_without_the_package_one_line_says_what_helps(monkeypatch, request) -> None:
    request.addfinalizer(canceller.installed.cache_clear)
    for name in ("livekit", "livekit.rtc", "livekit.rtc.apm", "livekit.rtc.audio_frame"):
        monkeypatch.setitem(sys.modules, name, None)
    canceller._own_delay.cache_clear()
    canceller.installed.cache_clear()
    assert not canceller.installed()
    with pytest.raises(DeviceError, match="not installed") as error:
        WebRtcCanceller(RATE)
    assert error.value.hint == MEND


class Door:
    """The library's door for C; refuses whatever it is asked if it is told to."""

    def __init__(self, refuses: bool = False) -> None:
        self.refuses = refuses

    def livekit_ffi_request(self, _data, _size, answer, size) -> int:
        text = b"\x0a\x03bad"
        self._kept = ctypes.create_string_buffer(text)
        answer._obj.contents = ctypes.cast(self._kept, ctypes.POINTER(ctypes.c_ubyte)).contents
        size._obj.value = len(text) if self.refuses else 0
        return 1

    def livekit_ffi_drop_handle(self, _handle) -> None:
        """Nothing is kept."""


class Request:
    def __init__(self) -> None:
        self.apm_process_stream, self.apm_process_reverse_stream = SimpleNamespace(), SimpleNamespace()

    def SerializeToString(self) -> bytes:  # noqa: N802  # protobuf's name
        return b"request"


def package(**changes: object) -> dict[str, object]:
    """The modules of livekit that are used, with what is used of them, and what is changed there; None: not there."""
    names = {
        "FfiClient": SimpleNamespace(instance=SimpleNamespace(_ffi_lib=Door())),
        "FfiRequest": Request,
        "FfiResponse": SimpleNamespace(FromString=lambda said: said.decode("latin-1")),
        "AudioProcessingModule": lambda **_: SimpleNamespace(_ffi_handle=SimpleNamespace(handle=7)),
        **changes,
    }
    there = {name: what for name, what in names.items() if what is not None}
    take = lambda *wanted: SimpleNamespace(**{name: there[name] for name in wanted if name in there})  # noqa: E731
    client, messages, apm = take("FfiClient"), take("FfiRequest", "FfiResponse"), take("AudioProcessingModule")
    return {
        "livekit": SimpleNamespace(__path__=[]),
        "livekit.rtc": SimpleNamespace(_ffi_client=client, __path__=[]),
        "livekit.rtc._ffi_client": client,
        "livekit.rtc._proto": SimpleNamespace(ffi_pb2=messages, __path__=[]),
        "livekit.rtc._proto.ffi_pb2": messages,
        "livekit.rtc.apm": apm,
    }


def made_of(modules: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> WebRtcCanceller:
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(canceller, "installed", lambda: True)
    monkeypatch.setattr(canceller, "_own_delay", lambda rate: 224)
    return WebRtcCanceller(RATE, DEVICE_RATE)


def test_the_stand_in_for_the_package_does_what_is_asked(monkeypatch) -> None:
    frame = np.arange(RATE // 100, dtype=np.int16)
    assert np.array_equal(made_of(package(), monkeypatch).clean(frame, np.zeros(480, np.int16)), frame)


@pytest.mark.parametrize(
    "changes",
    [
        {"FfiClient": None},
        {"FfiClient": SimpleNamespace()},
        {"FfiClient": SimpleNamespace(instance=SimpleNamespace())},
        {"FfiClient": SimpleNamespace(instance=SimpleNamespace(_ffi_lib=SimpleNamespace()))},
        {"FfiClient": SimpleNamespace(instance=SimpleNamespace(_ffi_lib=Door(refuses=True)))},
        {"FfiRequest": None},
        {"FfiRequest": SimpleNamespace},
        {"AudioProcessingModule": None},
        {"AudioProcessingModule": lambda: None},
        {"AudioProcessingModule": lambda **_: SimpleNamespace()},
    ],
)
def test_another_inner_side_of_the_package_is_one_line_that_says_what_helps(changes, monkeypatch) -> None:
    with pytest.raises(DeviceError, match="echo canceller") as error:
        made_of(package(**changes), monkeypatch)
    assert "\n" not in str(error.value)
    assert error.value.hint == MEND


def test_a_frame_that_is_refused_later_is_such_a_line_too(monkeypatch) -> None:
    door = Door()
    client = SimpleNamespace(instance=SimpleNamespace(_ffi_lib=door))
    made = made_of(package(FfiClient=client), monkeypatch)
    door.refuses = True
    with pytest.raises(DeviceError, match="refused a frame") as error:
        made.clean(np.zeros(160, np.int16), np.zeros(480, np.int16))
    assert error.value.hint == MEND


def test_its_own_delay_is_measured() -> None:
    needs_canceller()
    for rate in (16_000, 24_000, 48_000):
        assert 0.010 < WebRtcCanceller(rate).delay / rate < 0.020
