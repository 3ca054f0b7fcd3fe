"""Against values that are computed here from the formula of ITU-T G.711, segment by segment."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tui_assistant.sound.g711 import decode_alaw, decode_mulaw, encode_alaw, encode_mulaw

Encode = Callable[[np.ndarray], bytes]
Decode = Callable[[bytes], np.ndarray]


def mulaw_value(code: int) -> int:
    """Table 2 of G.711: 8 segments whose steps double from 2 (of 14 bits); the bits of the code are inverted."""
    code ^= 0xFF
    segment, step = code >> 4 & 7, code & 15
    lower = sum(16 * (2 << s) for s in range(segment)) - 1  # decision value below the segment, in 14 bits
    value = lower + step * (2 << segment) + (2 << segment) // 2
    return 4 * (-value if code & 0x80 else value)


def alaw_value(code: int) -> int:
    """Table 1: the first two segments have steps of 2 (of 13 bits), then they double; even bits are inverted."""
    code ^= 0x55
    segment, step = code >> 4 & 7, code & 15
    size = 2 << max(segment - 1, 0)
    lower = 0 if segment == 0 else 16 * size
    value = lower + step * size + size // 2
    return 8 * (value if code & 0x80 else -value)


LAWS = [
    pytest.param(encode_mulaw, decode_mulaw, mulaw_value, id="mu"),
    pytest.param(encode_alaw, decode_alaw, alaw_value, id="a"),
]


@pytest.mark.parametrize(("encode", "decode", "value"), LAWS)
def test_every_code_has_the_value_of_the_standard(encode: Encode, decode: Decode, value: Callable[[int], int]) -> None:
    assert decode(bytes(range(256))).tolist() == [value(code) for code in range(256)]


@pytest.mark.parametrize(
    ("encode", "decode", "steps", "grid"),
    [
        # steps of 16-bit samples, segment by segment; 14 bits leave up to 3 more
        pytest.param(encode_mulaw, decode_mulaw, [8 << s for s in range(8)], 4, id="mu"),
        pytest.param(encode_alaw, decode_alaw, [16, *(16 << s for s in range(7))], 0, id="a"),
    ],
)
def test_every_sample_lies_in_the_interval_of_its_code(
    encode: Encode, decode: Decode, steps: list[int], grid: int
) -> None:
    samples = np.arange(-32635, 32636).astype(np.int16)  # mu-law ends here: what is louder is clipped
    codes = encode(samples)
    segments = (np.frombuffer(codes, np.uint8) ^ (0xFF if encode is encode_mulaw else 0x55)) >> 4 & 7
    decoded = decode(codes).astype(int)
    assert (abs(decoded - samples) <= np.array(steps)[segments] // 2 + grid).all()
    assert (np.diff(decoded) >= 0).all()
    assert set(segments.tolist()) == set(range(8))


@pytest.mark.parametrize(("encode", "decode", "value"), LAWS)
def test_codes_survive_a_round_trip(encode: Encode, decode: Decode, value: Callable[[int], int]) -> None:
    codes = bytes(range(256))
    again = encode(decode(codes))
    # mu-law has two zeros, +0 (0xFF) and -0 (0x7F), which decode to the same sample
    assert [(a, b) for a, b in zip(codes, again, strict=True) if a != b] == ([(0x7F, 0xFF)] if value(0xFF) == 0 else [])


def test_known_codes() -> None:
    samples = np.array([0, -1, 32767, -32768, 1000, -1000], np.int16)
    assert encode_mulaw(samples).hex(" ") == "ff 7f 80 00 ce 4e"
    assert encode_alaw(samples).hex(" ") == "d5 55 aa 2a fa 7a"


@pytest.mark.parametrize(("encode", "decode", "value"), LAWS)
def test_a_tone_keeps_its_quality(encode: Encode, decode: Decode, value: Callable[[int], int]) -> None:
    tone = np.rint(10_000 * np.sin(np.arange(8000) * 0.8)).astype(np.int16)
    noise = decode(encode(tone)).astype(float) - tone
    assert 20 * np.log10(np.std(tone) / np.std(noise)) > 37  # what both laws give from -20 dB up


@pytest.mark.parametrize(("encode", "decode", "value"), LAWS)
def test_nothing_and_views(encode: Encode, decode: Decode, value: Callable[[int], int]) -> None:
    assert encode(np.zeros(0, np.int16)) == b""
    assert decode(b"").size == 0
    samples = np.arange(-5000, 5000, 7).astype(np.int16)
    assert encode(samples[::2]) == encode(samples[::2].copy())
