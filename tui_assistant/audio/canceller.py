"""WebRTC's echo canceller (AEC3) and noise suppressor, from the `livekit` package (extra `aec`)."""

from __future__ import annotations

import ctypes
import importlib.util
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from tui_assistant.audio.base import Samples
from tui_assistant.errors import DeviceError

FRAMES_PER_S = 100  # it takes exactly 10 ms at a time
MEND = "pip install 'tui-assistant[aec]'"
OK_BYTES = 3  # of an answer that tells no error: the field it answers, and that it is empty
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

    def __init__(self, rate: int) -> None:
        """`rate`: 8000, 16000, 24000, 32000, 44100 or 48000 Hz. DeviceError without the package."""
        self.delay = _own_delay(rate)
        self._apm = _Apm(rate)

    def clean(self, microphone: Samples, reference: Samples) -> Samples:
        """Both of 10 ms. The reference goes first: it sounded first."""
        return self._apm.process(microphone, reference)


class _Apm:
    """The package's AudioProcessingModule, asked through its library's door for C.

    Its own methods put a protobuf message together for each frame and take one apart: a fifth of all that it costs.
    Here the two messages are made once; they point to the same two frames every time.
    """

    def __init__(self, rate: int) -> None:
        try:
            from livekit.rtc import _ffi_client
            from livekit.rtc._proto import ffi_pb2
            from livekit.rtc.apm import AudioProcessingModule
        except (ImportError, OSError) as error:  # OSError: its library does not load here
            raise DeviceError("the echo canceller is not installed", MEND) from error
        self._module = AudioProcessingModule(
            echo_cancellation=True, noise_suppression=True, high_pass_filter=False, auto_gain_control=False
        )
        library = _ffi_client.FfiClient.instance._ffi_lib
        self._request, self._drop = library.livekit_ffi_request, library.livekit_ffi_drop_handle
        self._answer, self._size = ctypes.POINTER(ctypes.c_ubyte)(), ctypes.c_size_t()
        self._message = ffi_pb2
        frame = np.zeros(rate // FRAMES_PER_S, np.int16)
        self._reference, self._microphone = frame.copy(), frame.copy()
        self._reverse = self._prepared("apm_process_reverse_stream", self._reference, rate)
        self._forward = self._prepared("apm_process_stream", self._microphone, rate)

    def process(self, microphone: Samples, reference: Samples) -> Samples:
        self._reference[:] = reference
        self._ask(self._reverse)
        self._microphone[:] = microphone
        self._ask(self._forward)
        return self._microphone.copy()

    def _prepared(self, what: str, samples: Samples, rate: int) -> tuple[Any, bytes]:
        message = self._message.FfiRequest()
        fields = getattr(message, what)
        fields.apm_handle = self._module._ffi_handle.handle
        fields.data_ptr, fields.size = samples.ctypes.data, samples.nbytes
        fields.sample_rate, fields.num_channels = rate, 1
        data = message.SerializeToString()
        return ctypes.cast(ctypes.c_char_p(data), ctypes.POINTER(ctypes.c_ubyte)), data  # which it only points to

    def _ask(self, request: tuple[Any, bytes]) -> None:
        answer, size = self._answer, self._size
        handle = self._request(request[0], len(request[1]), ctypes.byref(answer), ctypes.byref(size))
        said = ctypes.string_at(answer, size.value) if size.value > OK_BYTES else b""
        self._drop(ctypes.c_uint64(handle))
        if said:
            raise RuntimeError(f"the echo canceller refused a frame: {self._message.FfiResponse.FromString(said)}")


@lru_cache(maxsize=8)
def _own_delay(rate: int) -> int:
    """Measured, not known: it differs between rates, and may between versions."""
    apm, size = _Apm(rate), rate // FRAMES_PER_S
    noise = np.random.default_rng(1).standard_normal(int(PROBE_S * FRAMES_PER_S) * size)
    # Bursts: steady noise is what the noise suppressor takes away.
    bursts = np.asarray(noise * 3000 * (np.arange(noise.size) // (7 * size) % 2), np.int16)
    silence = np.zeros(size, np.int16)
    heard = [apm.process(bursts[begin : begin + size], silence) for begin in range(0, bursts.size, size)]
    size = 2 * bursts.size
    match = np.fft.irfft(np.fft.rfft(np.concatenate(heard), size) * np.conj(np.fft.rfft(bursts, size)), size)
    return int(np.argmax(match[: rate * LONGEST_DELAY_MS // 1000]))
