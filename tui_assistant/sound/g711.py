"""G.711, the telephone's 8-bit codes: mu-law (`pcmu` on the wire) and A-law (`pcma`), by table.

Source: ITU-T G.711 (the segments and quantising values), with the rounding of the reference code in ITU-T G.191. Of the
16 bits of a sample mu-law uses 14, A-law 13.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tui_assistant.sound.samples import Samples

_MU_BIAS = 33  # added to the 14-bit magnitude, so that every segment begins at a power of two
_MU_LARGEST = 0x1FFF
_A_TOGGLE = 0x55  # every other bit is inverted on the line


@lru_cache(maxsize=1)
def _mu_decoding() -> Samples:
    code = ~np.arange(256) & 0xFF
    exponent, mantissa = (code >> 4) & 7, code & 15
    magnitude = (((2 * mantissa + _MU_BIAS) << exponent) - _MU_BIAS) * 4
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


@lru_cache(maxsize=1)
def _mu_encoding() -> NDArray[np.uint8]:
    sample = _all_samples()
    magnitude = np.minimum((np.where(sample < 0, ~sample, sample) >> 2) + _MU_BIAS, _MU_LARGEST)
    exponent = _bit_length(magnitude) - 6  # the bias makes the smallest magnitude six bits long
    code = (exponent << 4) | ((magnitude >> (exponent + 1)) & 15) | np.where(sample < 0, 0x80, 0)
    result: NDArray[np.uint8] = (~code & 0xFF).astype(np.uint8)
    return result


@lru_cache(maxsize=1)
def _a_decoding() -> Samples:
    code = np.arange(256) ^ _A_TOGGLE
    exponent, mantissa = (code >> 4) & 7, code & 15
    linear = (mantissa << 4) + 8
    magnitude = np.where(exponent > 0, (linear + 256) << np.maximum(exponent - 1, 0), linear)
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


@lru_cache(maxsize=1)
def _a_encoding() -> NDArray[np.uint8]:
    sample = _all_samples()
    magnitude = np.where(sample < 0, ~sample, sample) >> 4
    exponent = np.maximum(_bit_length(magnitude) - 4, 0)
    code = (exponent << 4) | ((magnitude >> np.maximum(exponent - 1, 0)) & 15) | np.where(sample < 0, 0, 0x80)
    result: NDArray[np.uint8] = (code ^ _A_TOGGLE).astype(np.uint8)
    return result


def _all_samples() -> NDArray[np.int64]:
    """Every int16, in the order of its unsigned bit pattern, which is how the tables are looked up."""
    return np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int64)


def _bit_length(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of small non-negative integers: 0 for 0, 1 for 1, 2 for 2 and 3 ..."""
    return np.frexp(values.astype(np.float64))[1].astype(np.int64)


def encode_mulaw(samples: Samples) -> bytes:
    """One byte a sample."""
    return _mu_encoding()[samples.view(np.uint16)].tobytes()


def decode_mulaw(data: bytes) -> Samples:
    """One sample a byte."""
    return _mu_decoding()[np.frombuffer(data, np.uint8)]


def encode_alaw(samples: Samples) -> bytes:
    """One byte a sample."""
    return _a_encoding()[samples.view(np.uint16)].tobytes()


def decode_alaw(data: bytes) -> Samples:
    """One sample a byte."""
    return _a_decoding()[np.frombuffer(data, np.uint8)]
