from __future__ import annotations

import io
import struct

import numpy as np
import pytest

from tui_assistant.errors import UsageError
from tui_assistant.sound.wav import PCM, WavReader, read_wav

RATE = 16_000
# Without the lowest 8 bits, so that 8-bit files hold it too.
SIGNAL = (np.rint(90 * np.sin(np.arange(1000) / 9)) * 256).astype(np.int16)
GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")


def chunk(kind: bytes, data: bytes, size: int | None = None) -> bytes:
    return kind + struct.pack("<I", len(data) if size is None else size) + data + b"\0" * (len(data) % 2)


def fmt(code: int, channels: int, rate: int, bits: int, *, extensible: bool = False) -> bytes:
    frame = channels * ((bits + 7) // 8)
    plain = struct.pack("<HHIIHH", 0xFFFE if extensible else code, channels, rate, rate * frame, frame, bits)
    return chunk(b"fmt ", plain + (struct.pack("<HHIH", 22, bits, 0, code) + GUID_TAIL if extensible else b""))


def riff(*chunks: bytes, size: int | None = None) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


def encoded(signal: np.ndarray, code: int, bits: int) -> bytes:
    """int16 in another encoding, exactly."""
    if code == 3:
        return (signal / 32768).astype(f"<f{bits // 8}").tobytes()
    if bits == 8:
        return (signal // 256 + 128).astype(np.uint8).tobytes()
    wide = (signal.astype(np.int64) << (bits - 16)).astype("<i8").reshape(-1, 1).view(np.uint8)
    return wide[:, : bits // 8].tobytes()


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize(("code", "bits"), [(1, 8), (1, 16), (1, 24), (1, 32), (3, 32), (3, 64)])
def test_every_encoding_reads_as_the_same_samples(code: int, bits: int, channels: int, extensible: bool) -> None:
    data = encoded(np.repeat(SIGNAL, channels), code, bits)
    recording = read_wav(riff(fmt(code, channels, 44_100, bits, extensible=extensible), chunk(b"data", data)), "a.wav")
    assert recording.samples.dtype == np.int16
    assert np.array_equal(recording.samples, SIGNAL)
    assert (recording.rate, recording.channels, recording.truncated) == (44_100, channels, False)


@pytest.mark.parametrize(("code", "tolerance"), [(7, 0.02), (6, 0.02)])
def test_telephone_codes(code: int, tolerance: float) -> None:
    from tui_assistant.sound.g711 import encode_alaw, encode_mulaw

    data = (encode_mulaw if code == 7 else encode_alaw)(SIGNAL)
    samples = read_wav(riff(fmt(code, 1, 8000, 8), chunk(b"data", data)), "a.wav").samples
    assert np.std(samples - SIGNAL.astype(float)) < tolerance * np.std(SIGNAL)


def test_channels_are_averaged_without_overflow() -> None:
    frames = np.array([[30_000, 30_000], [100, -300], [-32768, -32768], [3, 4]], "<i2")
    samples = read_wav(riff(fmt(1, 2, RATE, 16), chunk(b"data", frames.tobytes())), "a.wav").samples
    assert samples.tolist() == [30_000, -100, -32768, 4]


@pytest.mark.parametrize("bits", [32, 64])
def test_float_beyond_full_scale_is_clipped_and_no_number_is_silence(bits: int) -> None:
    values = np.array([1.5, -1.5, 1.0, -1.0, np.inf, -np.inf, np.nan, 0.25, 1e30], f"<f{bits // 8}")
    samples = read_wav(riff(fmt(3, 1, RATE, bits), chunk(b"data", values.tobytes())), "a.wav").samples
    assert samples.tolist() == [32767, -32768, 32767, -32768, 32767, -32768, 0, 8192, 32767]


def test_odd_and_unknown_chunks_are_skipped() -> None:
    data = SIGNAL.tobytes()
    wav = riff(
        chunk(b"JUNK", b"x" * 27),
        chunk(b"LIST", b"INFOISFT\x05\0\0\0Lavf\0"),
        fmt(1, 1, RATE, 16),
        chunk(b"fact", b"\0" * 4),
        chunk(b"data", data),
        chunk(b"LIST", b"noise after the audio"),
    )
    assert np.array_equal(read_wav(wav, "a.wav").samples, SIGNAL)


@pytest.mark.parametrize("missing", [1, 2, 777, len(SIGNAL) * 2 - 2])
def test_truncated_is_read_to_its_end(missing: int) -> None:
    wav = riff(fmt(1, 1, RATE, 16), chunk(b"data", SIGNAL.tobytes()))[:-missing]
    recording = read_wav(wav, "a.wav")
    assert recording.truncated
    assert np.array_equal(recording.samples, SIGNAL[: (len(SIGNAL) * 2 - missing) // 2])


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000])
@pytest.mark.parametrize("riff_size", [0, 36, 0xFFFFFFFF])
def test_sizes_that_a_streaming_writer_left_open(size: int, riff_size: int) -> None:
    wav = riff(fmt(1, 1, RATE, 16), chunk(b"data", SIGNAL.tobytes(), size), size=riff_size)
    if (size, riff_size) == (0, 0xFFFFFFFF):
        wav = riff(fmt(1, 1, RATE, 16), chunk(b"data", SIGNAL.tobytes(), 0xFFFFFFFF), size=riff_size)
    recording = read_wav(wav, "a.wav")
    assert np.array_equal(recording.samples, SIGNAL)
    assert not recording.truncated


def test_rf64() -> None:
    data = SIGNAL.tobytes()
    sizes = chunk(b"ds64", struct.pack("<QQQI", 0, len(data), len(SIGNAL), 0))
    body = sizes + fmt(1, 1, RATE, 16) + chunk(b"data", data, 0xFFFFFFFF) + chunk(b"LIST", b"not audio!")
    assert np.array_equal(read_wav(b"RF64\xff\xff\xff\xffWAVE" + body, "a.wav").samples, SIGNAL)


HEAD = fmt(1, 1, RATE, 16)
DATA = chunk(b"data", SIGNAL.tobytes())


@pytest.mark.parametrize(
    ("wav", "what"),
    [
        (b"", "the file is empty"),
        (b"RIFF", "not a WAV file"),
        (b"ID3\x04" + b"\0" * 100, "not a WAV file"),
        (b"RIFF\x24\0\0\0AVI " + b"\0" * 100, "not a WAV file"),
        (b"just a text that somebody called .wav", "not a WAV file"),
        (riff(HEAD), "no data chunk"),
        (riff(), "no data chunk"),
        (riff(DATA), "no fmt chunk"),
        (riff(HEAD, chunk(b"data", b""), chunk(b"LIST", b"more")), "no samples"),
        (riff(HEAD, chunk(b"data", b"\0")), "no samples"),
        (riff(fmt(85, 1, RATE, 16), DATA), r"compressed \(format 85, MP3\)"),
        (riff(fmt(17, 1, RATE, 4), DATA), r"compressed \(format 17, IMA ADPCM\)"),
        (riff(fmt(0x1234, 1, RATE, 16, extensible=True), DATA), r"compressed \(format 4660\)"),
        (riff(fmt(1, 0, RATE, 16), DATA), "0 channels"),
        (riff(fmt(1, 5000, RATE, 8), DATA), "5000 channels"),
        (riff(fmt(1, 1, 0, 16), DATA), "0 Hz"),
        (riff(fmt(1, 1, 2**30, 16), DATA), "1073741824 Hz"),
        (riff(fmt(1, 1, RATE, 40), DATA), "40 bits"),
        (riff(fmt(1, 1, RATE, 0), DATA), "0 bits"),
        (riff(fmt(3, 1, RATE, 16), DATA), "16 bits"),
        (riff(chunk(b"fmt ", b"\1\0\1\0"), DATA), "header is damaged"),
        (riff(b"fmt " + struct.pack("<I", 2**31) + b"\0" * 64), "header is damaged"),
    ],
)
def test_what_cannot_be_read_is_one_line_with_name_and_hint(wav: bytes, what: str) -> None:
    with pytest.raises(UsageError, match=what) as caught:
        read_wav(wav, "meeting.wav")
    assert str(caught.value).startswith("meeting.wav: ")
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    assert caught.value.exit_status == 2


def test_every_damage_of_one_byte_gives_samples_or_one_clear_error() -> None:
    wav = bytearray(riff(HEAD, chunk(b"LIST", b"abcd"), chunk(b"data", SIGNAL[:20].tobytes())))
    outcomes = set()
    for position in range(64):
        for value in (0, 1, 0x7F, 0xFF):
            damaged = wav.copy()
            damaged[position] = value
            try:
                outcomes.add(type(read_wav(bytes(damaged), "a.wav").samples))
            except UsageError as error:
                outcomes.add(type(error))
    assert outcomes == {np.ndarray, UsageError}


class Trickle(io.RawIOBase):
    """A pipe that gives three bytes at a time and cannot seek."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(size, 3) if size >= 0 else 3)


def test_a_pipe_is_read_as_a_stream() -> None:
    wav = riff(fmt(PCM, 2, RATE, 16), chunk(b"data", np.repeat(SIGNAL, 2).tobytes(), 0xFFFFFFFF), size=0xFFFFFFFF)
    reader = WavReader(Trickle(wav), "-")  # type: ignore[arg-type]  # only `read` is used
    assert (reader.rate, reader.channels) == (RATE, 2)
    pieces = []
    while (piece := reader.read(160)).size:
        pieces.append(piece)
    assert [len(piece) for piece in pieces] == [160] * 6 + [40]
    assert np.array_equal(np.concatenate(pieces), SIGNAL)
    assert reader.read(160).size == 0
