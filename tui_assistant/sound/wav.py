"""WAV files: reading every common kind as mono int16, and writing one that survives a kill.

Whoever calls opens the file; nothing here knows paths. Source of the layout: Microsoft's "Multimedia Programming
Interface and Data Specifications 1.0" (RIFF), "Multiple channel audio data and WAVE files" (extensible), EBU Tech 3306
(RF64).
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from tui_assistant.errors import UsageError
from tui_assistant.sound.g711 import decode_alaw, decode_mulaw
from tui_assistant.sound.resample import MAX_RATE, MIN_RATE
from tui_assistant.sound.samples import Samples

PCM, FLOAT, ALAW, MULAW, EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_OTHER_FORMATS = {2: "MS ADPCM", 17: "IMA ADPCM", 49: "GSM 6.10", 80: "MPEG", 85: "MP3", 255: "AAC", 0x674F: "Vorbis"}
_WIDTHS = {PCM: (1, 2, 3, 4), FLOAT: (4, 8), ALAW: (1,), MULAW: (1,)}  # bytes a sample
MAX_CHANNELS = 64  # more than any recorder has; a damaged header claims thousands
MAX_HEADER_CHUNK = 2**16  # bytes; `fmt ` and `ds64` have under 100
_UNKNOWN_FROM = 0x7FFFF000  # from here on: what programs that write into a pipe put for "no idea yet"
_BLOCK = 2**16  # frames converted at a time, so that a long file is never held as float64
_CONVERT = "convert it first, for example: ffmpeg -i FILE -ac 1 -c:a pcm_s16le NEW.wav"


@dataclass(frozen=True, slots=True)
class Recording:
    """A whole file. `truncated`: it ends before its header says so."""

    samples: Samples
    rate: int  # Hz
    channels: int  # before averaging to one
    truncated: bool


@dataclass(frozen=True, slots=True)
class _Format:
    """The `fmt ` chunk, checked."""

    code: int
    channels: int
    rate: int
    width: int  # bytes a sample


def read_wav(file: BinaryIO | bytes, name: str) -> Recording:
    """Reads to the end. Raises UsageError, one line that begins with `name`, for everything that cannot be read."""
    reader = WavReader(io.BytesIO(file) if isinstance(file, bytes) else file, name)
    blocks = []
    while (block := reader.read(_BLOCK)).size:
        blocks.append(block)
    if not blocks:
        raise UsageError(f"{name}: there are no samples in it", "record it again")
    return Recording(np.concatenate(blocks), reader.rate, reader.channels, reader.truncated)


class WavReader:
    """A WAV as a stream of mono int16: reads forward only, so a pipe will do. Raises UsageError as `read_wav`."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file, self._name = file, name
        self._offset = 0
        self._left, self._format = self._find_data()
        self.rate, self.channels = self._format.rate, self._format.channels
        self.truncated = False

    def read(self, frames: int) -> Samples:
        """Up to `frames` samples, fewer only at the end, none after it."""
        frame_bytes = self._format.channels * self._format.width
        wanted = frames * frame_bytes if self._left is None else min(frames * frame_bytes, self._left)
        data = self._take(wanted)
        if self._left is not None:
            self._left -= len(data)
            if len(data) < wanted:
                self.truncated, self._left = True, 0
        return _to_mono(data[: len(data) // frame_bytes * frame_bytes], self._format)

    def _find_data(self) -> tuple[int | None, _Format]:
        """Up to the first byte of audio: its length (None: up to the end of the file) and its format."""
        head = self._take(12)
        if not head:
            raise UsageError(f"{self._name}: the file is empty", "record it again")
        if len(head) < 12 or head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
            raise UsageError(f"{self._name}: this is not a WAV file", _CONVERT)
        (riff_size,) = struct.unpack_from("<I", head, 4)
        form: _Format | None = None
        long_size: int | None = None
        while len(header := self._take(8)) == 8:
            kind, size = header[:4], struct.unpack_from("<I", header, 4)[0]
            if kind == b"data":
                if form is None:
                    raise UsageError(f"{self._name}: the audio comes without a description (no fmt chunk)", _CONVERT)
                if long_size is not None and size == 0xFFFFFFFF:
                    return long_size, form
                # A writer that was stopped, or that writes into a pipe, leaves 0 or a huge number in both places.
                unknown = size >= _UNKNOWN_FROM or (size == 0 and riff_size + 8 <= self._offset)
                return None if unknown else size, form
            if kind == b"fmt ":
                form = self._parse_format(self._chunk(size))
            elif kind == b"ds64":
                long_size = self._parse_long_size(self._chunk(size))
            else:
                self._skip(size + size % 2)
        raise UsageError(f"{self._name}: there is no audio in this WAV file (no data chunk)", "record it again")

    def _parse_format(self, chunk: bytes) -> _Format:
        if len(chunk) < 16:
            raise UsageError(f"{self._name}: the header is damaged", _CONVERT)
        code, channels, rate, _, frame_bytes, bits = struct.unpack_from("<HHIIHH", chunk)
        if code == EXTENSIBLE and len(chunk) >= 26:
            (code,) = struct.unpack_from("<H", chunk, 24)  # the format's GUID begins with the plain code
        if code not in _WIDTHS:
            label = f"{code}, {_OTHER_FORMATS[code]}" if code in _OTHER_FORMATS else str(code)
            raise UsageError(f"{self._name}: the audio is compressed (format {label}), not supported", _CONVERT)
        if not 1 <= channels <= MAX_CHANNELS:
            raise UsageError(f"{self._name}: {channels} channels are not supported", _CONVERT)
        if not MIN_RATE <= rate <= MAX_RATE:
            raise UsageError(f"{self._name}: a sample rate of {rate} Hz is not supported", _CONVERT)
        width = (bits + 7) // 8  # 12 or 20 bits lie at the upper end of 2 or 3 bytes
        if width not in _WIDTHS[code] or (frame_bytes and frame_bytes != channels * width):
            raise UsageError(f"{self._name}: samples of {bits} bits in this layout are not supported", _CONVERT)
        return _Format(code, channels, rate, width)

    def _parse_long_size(self, chunk: bytes) -> int:
        if len(chunk) < 16:
            raise UsageError(f"{self._name}: the header is damaged", _CONVERT)
        size: int = struct.unpack_from("<Q", chunk, 8)[0]
        return size

    def _chunk(self, size: int) -> bytes:
        if size > MAX_HEADER_CHUNK:
            raise UsageError(f"{self._name}: the header is damaged", _CONVERT)
        return self._take(size + size % 2)[:size]

    def _take(self, count: int) -> bytes:
        """Exactly `count` bytes, fewer only at the end of the file, however few the file gives at a time."""
        pieces = []
        while count > 0 and (piece := self._file.read(count)):
            pieces.append(piece)
            count -= len(piece)
            self._offset += len(piece)
        return b"".join(pieces)

    def _skip(self, count: int) -> None:
        while count > 0 and (piece := self._take(min(count, _BLOCK))):
            count -= len(piece)


def _to_mono(data: bytes, form: _Format) -> Samples:
    """Whole frames to one channel; what is beyond full scale is clipped, what is no number is silence."""
    if form.code == PCM and form.width == 2 and form.channels == 1:
        return np.frombuffer(data, "<i2").astype(np.int16)
    with np.errstate(invalid="ignore", over="ignore"):  # a float file may hold inf, NaN or 1e300
        wide = _to_float(data, form).reshape(-1, form.channels).mean(axis=1)
    result: Samples = np.clip(np.rint(np.nan_to_num(wide)), -32768, 32767).astype(np.int16)
    return result


def _to_float(data: bytes, form: _Format) -> NDArray[np.float64]:
    """Interleaved samples on the scale of int16, not yet rounded."""
    if form.code == FLOAT:
        return np.frombuffer(data, f"<f{form.width}").astype(np.float64) * 32768
    if form.code == ALAW:
        return decode_alaw(data).astype(np.float64)
    if form.code == MULAW:
        return decode_mulaw(data).astype(np.float64)
    if form.width == 1:
        return (np.frombuffer(data, np.uint8).astype(np.float64) - 128) * 256  # 8 bits are unsigned, alone among them
    if form.width == 3:
        padded = np.zeros((len(data) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        samples = padded.reshape(-1).view("<i4").astype(np.float64)  # as the upper bytes of 32 bits
    else:
        samples = np.frombuffer(data, f"<i{form.width}").astype(np.float64)
    return samples / (1 if form.width == 2 else 65536)


class WavWriter:
    """Mono s16le into a seekable file, which is whole after each `write`: a kill loses nothing written before."""

    def __init__(self, file: BinaryIO, rate: int) -> None:
        self._file = file
        self._bytes = 0
        # fmt: PCM, one channel, rate, bytes a second, bytes a frame, bits
        form = struct.pack("<4sIHHIIHH", b"fmt ", 16, PCM, 1, rate, rate * 2, 2, 16)
        self._head = len(form) + 20
        file.write(struct.pack("<4sI4s", b"RIFF", self._head - 8, b"WAVE") + form + struct.pack("<4sI", b"data", 0))
        file.flush()

    @property
    def samples(self) -> int:
        """How many were written."""
        return self._bytes // 2

    def write(self, samples: Samples) -> None:
        """Appends, then says so in the header; killed in between, readers see the samples of the call before."""
        self._append(samples.astype("<i2").tobytes(), samples.size)

    def pad(self, samples: int) -> None:
        """Appends that many samples of silence, as a hole: where the file system can, they take no room."""
        if samples > 0:
            self._append(bytes(2), samples, (samples - 1) * 2)

    def _append(self, data: bytes, samples: int, behind: int = 0) -> None:
        self._file.seek(self._head + self._bytes + behind)
        self._file.write(data)
        self._bytes += samples * 2
        # A recording of over 4 GiB says "unknown" and is read to its end.
        for offset, size in ((4, self._head - 8 + self._bytes), (self._head - 4, self._bytes)):
            self._file.seek(offset)
            self._file.write(struct.pack("<I", min(size, 0xFFFFFFFF)))
        self._file.flush()
