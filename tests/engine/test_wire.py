"""Bytes in a session's format to samples and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tui_assistant.engine.wire import WireReader, wire_encode, wire_rate
from tui_assistant.protocol.session import AudioFormat, PcmaFormat, PcmFormat, PcmuFormat
from tui_assistant.sound import g711


def test_rates() -> None:
    assert [wire_rate(f) for f in (PcmFormat(), PcmFormat(rate=8_000), PcmuFormat(), PcmaFormat())] == [
        24_000,
        8_000,
        8_000,
        8_000,
    ]


def test_half_a_sample_waits_for_its_other_half() -> None:
    reader = WireReader(PcmFormat())
    assert reader.decode(b"\x01").tolist() == []
    assert reader.decode(b"").tolist() == []
    assert reader.decode(b"\x02\x03").tolist() == [0x0201]
    assert reader.decode(b"\xff\xff\xff").tolist() == [-253, -1]
    assert reader.decode(b"\x01\x00\x02").tolist() == [1]


def test_arrays_of_samples_are_taken_and_what_is_no_audio_is_not() -> None:
    assert WireReader(PcmFormat()).decode(np.array([1, -2], np.int16)).tolist() == [1, -2]  # type: ignore[arg-type]
    for other in (5, [1, 2], "ab", np.zeros(2, np.float32)):
        with pytest.raises(TypeError):
            WireReader(PcmFormat()).decode(other)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_samples_stay_whatever_becomes_of_the_bytes(kind: Any) -> None:
    owner = bytearray(b"\x01\x02\x03\x04")
    samples = WireReader(PcmFormat()).decode(kind(owner))
    assert samples.dtype == np.int16
    owner[:] = bytes(4)
    assert samples.tolist() == [0x0201, 0x0403]


@pytest.mark.parametrize(("audio_format", "law"), [(PcmuFormat(), "mu"), (PcmaFormat(), "a")])
def test_g711_is_one_byte_a_sample(audio_format: AudioFormat, law: str) -> None:
    samples = np.array([0, 1_000, -1_000, 32_767, -32_768], np.int16)
    data = wire_encode(samples, audio_format)
    assert data == (g711.encode_mulaw(samples) if law == "mu" else g711.encode_alaw(samples))
    back = WireReader(audio_format).decode(data)
    assert len(back) == 5
    assert np.abs(back.astype(int) - samples).max() < 1_000


def test_pcm_is_little_endian() -> None:
    assert wire_encode(np.array([1, -2], np.int16), PcmFormat()) == b"\x01\x00\xfe\xff"
