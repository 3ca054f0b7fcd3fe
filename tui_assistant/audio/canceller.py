"""WebRTC's echo canceller (AEC3) and noise suppressor, from the `livekit` package (extra `aec`)."""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from tui_assistant.errors import DeviceError
from tui_assistant.sound.samples import Samples

FRAMES_PER_S = 100  # it takes exactly 10 ms at a time
MOST_RATE = 48_000  # of a reference: more is resampled for nothing
MEND = "pip install 'tui-assistant[aec]'"
OK_BYTES = 3  # of an answer that tells no error: the field it answers, and that it is empty
LONGEST_DELAY_MS = 40  # of its own filters: 14 to 15 were seen
PROBE_S = 0.5  # of noise, to find that delay


class Canceller(Protocol):
    """Takes the sound of one loudspeaker out of one microphone, in frames of 10 ms."""

    delay: int  # samples by which what it returns is later than what it takes

    def clean(self, microphone: Samples, reference: Samples) -> Samples:
        """The frame of the microphone without what is left in it of `reference`, which may sound up to 0.4 s later.

        Each has its own rate. DeviceError when it fails.
        """
        ...


@lru_cache(maxsize=1)
def installed() -> bool:
    """Whether the extra `aec` is there; imports nothing of it."""
    try:
        return importlib.util.find_spec("livekit.rtc") is not None
    except ModuleNotFoundError:  # not even its namespace
        return False


def takes(rate: int) -> bool:
    """Whether a reference may have that rate; it is brought to the microphone's by the library, for next to nothing."""
    return rate % FRAMES_PER_S == 0 and rate <= MOST_RATE


class WebRtcCanceller:
    """AEC3 and noise suppression; no automatic gain, which would undo the calibration."""

    def __init__(self, rate: int, reference_rate: int | None = None) -> None:
        """`rate`: 8000, 16000, 24000, 32000, 44100 or 48000 Hz; `reference_rate`: one that `takes` allows, else `rate`.

        DeviceError when the package is not there, or not as it is known here.
        """
        self.delay = _own_delay(rate)
        self._apm = _Apm(rate, reference_rate or rate)

    def clean(self, microphone: Samples, reference: Samples) -> Samples:
        """Both of 10 ms. The reference goes first: it sounded first."""
        return self._apm.process(microphone, reference)


class _Apm:
    """The package's AudioProcessingModule, asked through its library's door for C.

    Its own methods put a protobuf message together for each frame and take one apart: a fifth of all that it costs.
    Here the two messages are made once; they point to the same two frames every time. The names for that are private:
    whatever is not as in the version that this was written for is a DeviceError, and nothing else.
    """

    def __init__(self, rate: int, reference_rate: int) -> None:
        try:
            from livekit.rtc import _ffi_client
            from livekit.rtc._proto import ffi_pb2
            from livekit.rtc.apm import AudioProcessingModule
        except (ImportError, OSError) as error:  # OSError: its library does not load here
            if installed():
                raise _strange(error) from error
            raise DeviceError("the echo canceller is not installed", MEND) from error
        self._message = ffi_pb2
        self._answer, self._size = ctypes.POINTER(ctypes.c_ubyte)(), ctypes.c_size_t()
        self._reference = np.zeros(reference_rate // FRAMES_PER_S, np.int16)
        self._microphone = np.zeros(rate // FRAMES_PER_S, np.int16)
        try:
            self._module = AudioProcessingModule(
                echo_cancellation=True, noise_suppression=True, high_pass_filter=False, auto_gain_control=False
            )
            library = _ffi_client.FfiClient.instance._ffi_lib
            self._request, self._drop = library.livekit_ffi_request, library.livekit_ffi_drop_handle
            self._reverse = self._prepared("apm_process_reverse_stream", self._reference, reference_rate)
            self._forward = self._prepared("apm_process_stream", self._microphone, rate)
            self.process(self._microphone, self._reference)
        except DeviceError:
            raise
        except Exception as error:  # another version of its inner side may fail in any way
            raise _strange(error) from error

    def process(self, microphone: Samples, reference: Samples) -> Samples:
        self._reference[:] = reference
        self._ask(self._reverse)
        self._microphone[:] = microphone
        self._ask(self._forward)
        return self._microphone.copy()

    def _prepared(self, what: str, samples: Samples, rate: int) -> tuple[Any, ...]:
        """All that the door is called with, and what that only points to."""
        message = self._message.FfiRequest()
        fields = getattr(message, what)
        fields.apm_handle = self._module._ffi_handle.handle
        fields.data_ptr, fields.size = samples.ctypes.data, samples.nbytes
        fields.sample_rate, fields.num_channels = rate, 1
        data = message.SerializeToString()
        pointer = ctypes.cast(ctypes.c_char_p(data), ctypes.POINTER(ctypes.c_ubyte))
        return pointer, ctypes.c_size_t(len(data)), ctypes.byref(self._answer), ctypes.byref(self._size), data

    def _ask(self, request: tuple[Any, ...]) -> None:
        handle = self._request(*request[:4])
        said = self._size.value > OK_BYTES and ctypes.string_at(self._answer, self._size.value)
        self._drop(ctypes.c_uint64(handle))
        if said:
            why = " ".join(str(self._message.FfiResponse.FromString(said)).split())
            raise DeviceError(f"the echo canceller refused a frame: {why}", MEND)


def _strange(error: BaseException) -> DeviceError:
    try:
        version = importlib.metadata.version("livekit")
    except importlib.metadata.PackageNotFoundError:
        version = "of an unknown version"
    return DeviceError(f"the echo canceller (livekit {version}) does not work here: {type(error).__name__}", MEND)


@lru_cache(maxsize=8)
def _own_delay(rate: int) -> int:
    """Measured, not known: it differs between rates, and may between versions."""
    apm, size = _Apm(rate, rate), rate // FRAMES_PER_S
    noise = np.random.default_rng(1).standard_normal(int(PROBE_S * FRAMES_PER_S) * size)
    # Bursts: steady noise is what the noise suppressor takes away.
    bursts = np.asarray(noise * 3000 * (np.arange(noise.size) // (7 * size) % 2), np.int16)
    silence = np.zeros(size, np.int16)
    heard = [apm.process(bursts[begin : begin + size], silence) for begin in range(0, bursts.size, size)]
    size = 2 * bursts.size
    match = np.fft.irfft(np.fft.rfft(np.concatenate(heard), size) * np.conj(np.fft.rfft(bursts, size)), size)
    return int(np.argmax(match[: rate * LONGEST_DELAY_MS // 1000]))
