"""WebRTC's echo canceller (AEC3) and noise suppressor, from the `livekit` package (extra `aec`)."""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from tui_assistant.audio.base import Samples
from tui_assistant.errors import DeviceError

FRAMES_PER_S = 100  # it takes exactly 10 ms at a time
MEND = "pip install 'tui-assistant[aec]'"
LONGEST_DELAY_MS = 40  # of its own filters: 14 to 15 were seen
PROBE_S = 0.5  # of noise, to find that delay


class Canceller(Protocol):
    """Takes the sound of one loudspeaker out of one microphone, in frames of 10 ms."""

    delay: int  # samples by which what it returns is later than what it takes

    def clean(self, microphone: Samples, reference: Samples) -> Samples:
        """The frame of the microphone without what is left in it of `reference`, which may sound up to 0.4 s later."""
        ...


@lru_cache(maxsize=1)
def installed() -> bool:
    """Whether the extra `aec` is there; imports nothing of it."""
    try:
        return importlib.util.find_spec("livekit.rtc") is not None
    except ModuleNotFoundError:  # not even its namespace
        return False


class WebRtcCanceller:
    """AEC3 and noise suppression; no automatic gain, which would undo the calibration."""

    def __init__(self, rate: int, *, delay_ms: int = 0) -> None:
        """`delay_ms`: how much later the echo is expected than its reference. DeviceError without the package."""
        self._rate = rate
        self._size = rate // FRAMES_PER_S
        self.delay = _own_delay(rate)
        self._module, self._frame = _load()
        self._apm = _new(self._module, delay_ms)

    def clean(self, microphone: Samples, reference: Samples) -> Samples:
        """Both of 10 ms. The reference goes first: it sounded first."""
        self._apm.process_reverse_stream(self._frame(bytearray(reference.tobytes()), self._rate, 1, self._size))
        return _through(self._apm, self._frame, microphone, self._rate)


def _load() -> tuple[Any, Any]:
    """The module class and the frame class."""
    try:
        from livekit.rtc.apm import AudioProcessingModule
        from livekit.rtc.audio_frame import AudioFrame
    except (ImportError, OSError) as error:  # OSError: its library does not load here
        raise DeviceError("the echo canceller is not installed", MEND) from error
    return AudioProcessingModule, AudioFrame


def _new(module: Any, delay_ms: int = 0) -> Any:
    apm = module(echo_cancellation=True, noise_suppression=True, high_pass_filter=False, auto_gain_control=False)
    apm.set_stream_delay_ms(delay_ms)
    return apm


def _through(apm: Any, frame: Any, samples: Samples, rate: int) -> Samples:
    data = bytearray(samples.tobytes())  # is changed in place
    apm.process_stream(frame(data, rate, 1, len(samples)))
    return np.frombuffer(data, np.int16)


@lru_cache(maxsize=8)
def _own_delay(rate: int) -> int:
    """Measured, not known: it differs between rates, and may between versions."""
    module, frame = _load()
    apm, size = _new(module), rate // FRAMES_PER_S
    noise = np.random.default_rng(1).standard_normal(int(PROBE_S * FRAMES_PER_S) * size)
    # Bursts: steady noise is what the noise suppressor takes away.
    bursts = np.asarray(noise * 3000 * (np.arange(noise.size) // (7 * size) % 2), np.int16)
    silence = np.zeros(size, np.int16)
    heard = []
    for begin in range(0, bursts.size, size):
        apm.process_reverse_stream(frame(bytearray(silence.tobytes()), rate, 1, size))
        heard.append(_through(apm, frame, bursts[begin : begin + size], rate))
    size = 2 * bursts.size
    match = np.fft.irfft(np.fft.rfft(np.concatenate(heard), size) * np.conj(np.fft.rfft(bursts, size)), size)
    return int(np.argmax(match[: rate * LONGEST_DELAY_MS // 1000]))
