from __future__ import annotations

import numpy as np
import pytest

from tui_assistant.lab.degrade import add_noise, gain
from tui_assistant.lab.labels import Segment

RATE = 16_000
SINE = (8_000 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)).astype(np.int16)


def rms_db(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(samples.astype(np.float64)))))


def test_gain_is_exact_and_clips() -> None:
    assert rms_db(gain(SINE, -20)) == pytest.approx(rms_db(SINE) - 20, abs=0.05)
    loud = gain(SINE, 40)
    assert (loud.max(), loud.min()) == (32767, -32768)


@pytest.mark.parametrize("kind", ["white", "pink"])
def test_noise_lies_below_the_speech_not_below_the_whole(kind: str) -> None:
    half = np.concatenate([SINE, np.zeros_like(SINE)])
    noisy = add_noise(half, RATE, [Segment(0, 1)], 10, kind, seed=3)  # type: ignore[arg-type]  # parametrized
    assert rms_db(noisy[RATE:]) == pytest.approx(rms_db(SINE) - 10, abs=0.7)


def test_the_seed_decides_the_noise() -> None:
    def noisy(seed: int) -> bytes:
        return add_noise(SINE, RATE, [], 10, seed=seed).tobytes()

    assert noisy(1) == noisy(1)
    assert noisy(1) != noisy(2)


def test_pink_noise_loses_three_decibels_an_octave() -> None:
    speech = np.tile(SINE, 8)
    noise = add_noise(speech, RATE, [], 0, "pink", seed=1).astype(np.float64) - speech
    power = np.abs(np.fft.rfft(noise)) ** 2
    frequencies = np.fft.rfftfreq(noise.size, 1 / RATE)

    def octave(low: float) -> float:
        return float(power[(frequencies >= low) & (frequencies < 2 * low)].mean())

    assert 10 * np.log10(octave(200) / octave(1600)) == pytest.approx(9, abs=1)


def test_nothing_in_nothing_out() -> None:
    assert add_noise(np.zeros(0, np.int16), RATE, [], 10).size == 0
