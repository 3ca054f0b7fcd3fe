"""The chirp: found at its delay and level, through noise, speech and reverberation; not found where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from spoken_frames import clip

from tui_assistant.sound.chirp import LENGTH_S, NOT_HEARD_DB, Echo, chirp, find_echo

RATE = 16_000
BEGIN = RATE // 3  # so much was heard before


def room(
    echo_db: float | None,
    delay_ms: float,
    *,
    noise_dbfs: float | None = None,
    reverb_s: float = 0.0,
    rate: int = RATE,
    seed: int = 1,
) -> NDArray[np.int16]:
    """What a microphone hears of a chirp that is played at BEGIN (scaled to `rate`)."""
    random = np.random.default_rng(seed)
    begin = BEGIN * rate // RATE
    sound = np.zeros(begin + int(1.2 * rate))
    if echo_db is not None:
        played = chirp(rate) * 10 ** (echo_db / 20)
        if reverb_s:  # exponentially decaying noise behind the direct sound: 60 dB in reverb_s
            tail = random.standard_normal(int(reverb_s * rate)) * 10 ** (
                -3 * np.arange(int(reverb_s * rate)) / rate / reverb_s
            )
            response = np.concatenate([[1.0], 0.05 * tail])
            played = np.convolve(played, response / np.sqrt(np.sum(response**2)))
        at = begin + round(delay_ms * rate / 1000)
        sound[at : at + played.size] += played[: sound.size - at]
    if noise_dbfs is not None:
        sound += random.standard_normal(sound.size) * 32768 * 10 ** (noise_dbfs / 20)
    return np.clip(np.rint(sound), -32768, 32767).astype(np.int16)


def test_the_chirp_is_short_quiet_at_its_ends_and_not_too_loud() -> None:
    for rate in (8_000, 16_000, 24_000, 44_100, 48_000):
        sound = chirp(rate).astype(int)
        assert sound.size == int(LENGTH_S * rate)
        assert abs(sound).max() == pytest.approx(0.3 * 32767, rel=0.02)
        assert abs(sound[:3]).max() < 40
        assert abs(sound[-3:]).max() < 3_000
        spectrum = np.abs(np.fft.rfft(sound)) ** 2
        hz = np.fft.rfftfreq(sound.size, 1 / rate)
        assert spectrum[hz < 0.46 * rate].sum() > 0.99 * spectrum.sum()  # nothing to fold back


@settings(max_examples=60, deadline=None)
@given(st.floats(-45, 0), st.floats(0, 600), st.sampled_from([8_000, 16_000, 24_000, 48_000]), st.integers(0, 99))
def test_delay_and_level_are_read_from_a_room_with_noise(db: float, ms: float, rate: int, seed: int) -> None:
    begin = BEGIN * rate // RATE
    echo = find_echo(room(db, ms, noise_dbfs=-65.0, rate=rate, seed=seed), rate, begin)
    assert echo.heard
    assert echo.delay_ms == pytest.approx(ms, abs=1.0)
    assert echo.level_db == pytest.approx(db, abs=1.5)
    assert echo.noise_dbfs == pytest.approx(-65.0, abs=1.0)


@pytest.mark.parametrize("reverb_s", [0.2, 0.5, 0.9])
def test_reverberation_belongs_to_the_echo_and_does_not_move_it(reverb_s: float) -> None:
    echo = find_echo(room(-20.0, 85.0, noise_dbfs=-60.0, reverb_s=reverb_s), RATE, BEGIN)
    assert echo.heard
    assert echo.delay_ms == pytest.approx(85.0, abs=2.0)
    assert echo.level_db == pytest.approx(-20.0, abs=2.0)


def test_it_is_found_below_the_noise() -> None:
    echo = find_echo(room(-34.0, 120.0, noise_dbfs=-40.0), RATE, BEGIN)  # the chirp stands 8 dB under the noise
    assert echo.heard
    assert echo.delay_ms == pytest.approx(120.0, abs=1.0)
    assert echo.level_db == pytest.approx(-34.0, abs=2.5)  # without the noise, which is ten times as strong


@pytest.mark.parametrize("noise_dbfs", [None, -90.0, -60.0, -30.0, -15.0])
def test_noise_alone_is_no_echo(noise_dbfs: float | None) -> None:
    for seed in range(20):
        echo = find_echo(room(None, 0.0, noise_dbfs=noise_dbfs, seed=seed), RATE, BEGIN)
        assert not echo.heard
        assert echo.level_db == NOT_HEARD_DB


@pytest.mark.parametrize("name", ["jfk.wav", "librivox_0870.wav", "lj_0002.wav"])
def test_speech_is_not_taken_for_the_chirp_and_does_not_hide_it(name: str) -> None:
    voice = clip(name)
    size = room(None, 0).size
    highest = 0.0
    for start in range(0, voice.size - size, RATE // 3):
        talking = voice[start : start + size].astype(float) * 0.3
        highest = max(highest, find_echo(talking.astype(np.int16), RATE, BEGIN).confidence)
        mixed = talking + room(-10.0, 150.0)
        echo = find_echo(np.clip(mixed, -32768, 32767).astype(np.int16), RATE, BEGIN)
        assert echo.heard
        assert echo.delay_ms == pytest.approx(150.0, abs=2.0)
    assert highest < 0.5


def test_the_volume_counts_as_played_so_much_quieter() -> None:
    echo = find_echo(room(-26.0, 50.0, noise_dbfs=-70.0), RATE, BEGIN, volume=0.5)
    assert echo.level_db == pytest.approx(-20.0, abs=1.0)


@pytest.mark.parametrize("heard", [np.zeros(0, np.int16), np.zeros(100, np.int16), np.full(40_000, -32768, np.int16)])
def test_nothing_useful_was_heard(heard: NDArray[np.int16]) -> None:
    assert not find_echo(heard, RATE, 50).heard
    assert find_echo(np.zeros(30_000, np.int16), RATE, 0, volume=0.0) == Echo()
