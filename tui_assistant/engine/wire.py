"""Bytes in a session's audio format <-> samples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tui_assistant.protocol.session import AudioFormat, PcmFormat
from tui_assistant.sound import g711

_WIRE = np.dtype("<i2")
_NATIVE = np.dtype(np.int16) == _WIRE  # this machine is little-endian too: nothing need be turned round
G711_RATE = 8_000  # Hz; fixed by the format
_TAKEN = frozenset({"B", "b", "c", "h", "<h"})  # a buffer's items: bytes, or whole samples


def wire_rate(audio_format: AudioFormat) -> int:
    """Samples per second on the wire."""
    return audio_format.rate if isinstance(audio_format, PcmFormat) else G711_RATE


class WireReader:
    """Decodes a stream of bytes; half a sample waits for its other half."""

    def __init__(self, audio_format: AudioFormat) -> None:
        self._format = audio_format
        self._half = b""

    def decode(self, data: bytes) -> NDArray[np.int16]:
        if not isinstance(self._format, PcmFormat):
            law = g711.decode_mulaw if self._format.type == "audio/pcmu" else g711.decode_alaw
            return law(data)
        if type(data) is not bytes:
            data = _copied(data)  # the samples are a view of it, and a bytearray's owner may change it
        if self._half or len(data) % 2:
            data = self._half + data
            whole = len(data) // 2 * 2
            data, self._half = data[:whole], data[whole:]
        samples = np.frombuffer(data, _WIRE)
        return samples if _NATIVE else samples.astype(np.int16)

    def restart(self) -> None:
        """What comes next is another recording: its first byte does not belong to the last of the one before."""
        self._half = b""


def _copied(data: bytes) -> bytes:
    """Of another kind, a bytearray or an array. TypeError for a number or a list, of which `bytes` makes something."""
    view = memoryview(data)
    if view.format not in _TAKEN:
        raise TypeError(f"audio is bytes or 16-bit samples, not items of the format {view.format!r}")
    return view.tobytes()


def wire_encode(samples: NDArray[np.int16], audio_format: AudioFormat) -> bytes:
    """The samples, which are at the format's rate, as bytes."""
    if isinstance(audio_format, PcmFormat):
        return samples.astype("<i2", copy=False).tobytes()
    law = g711.encode_mulaw if audio_format.type == "audio/pcmu" else g711.encode_alaw
    return law(samples)
