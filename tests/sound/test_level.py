from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_assistant.sound.level import FLOOR_DBFS, Meter, peak_dbfs, rms_dbfs

RATE = 16_000


def sine(dbfs_rms: float, seconds: float = 1.0, frequency: float = 1000, rate: int = RATE) -> np.ndarray:
    amplitude = 32768 * math.sqrt(2) * 10 ** (dbfs_rms / 20)
    wave = amplitude * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate + 0.1)
    return np.clip(np.rint(wave), -32768, 32767).astype(np.int16)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), np.int16)


def heard(*pieces: np.ndarray, rate: int = RATE) -> Meter:
    meter = Meter(rate)
    for piece in pieces:
        for begin in range(0, piece.size, rate // 50):
            meter.push(piece[begin : begin + rate // 50])
    return meter


def test_levels_of_known_signals() -> None:
    assert rms_dbfs(sine(-3.01)) == pytest.approx(-3.01, abs=0.01)  # a full-scale sine
    assert peak_dbfs(sine(-3.01)) == pytest.approx(0, abs=0.05)
    assert rms_dbfs(sine(-20)) == pytest.approx(-20, abs=0.01)
    assert rms_dbfs(np.full(100, -32768, np.int16)) == 0.0
    assert peak_dbfs(np.array([5, -32768], np.int16)) == 0.0
    assert peak_dbfs(np.array([1, 0], np.int16)) == pytest.approx(-90.31, abs=0.01)


@pytest.mark.parametrize("measure", [rms_dbfs, peak_dbfs])
def test_silence_and_nothing_read_the_floor(measure: object) -> None:
    assert callable(measure)
    assert measure(np.zeros(100, np.int16)) == FLOOR_DBFS
    assert measure(np.zeros(0, np.int16)) == FLOOR_DBFS


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 44_100, 48_000])
def test_meter_reads_a_steady_tone(rate: int) -> None:
    meter = heard(sine(-20, rate=rate), rate=rate)
    assert meter.rms_dbfs == pytest.approx(-20, abs=0.1)
    assert meter.peak_dbfs == pytest.approx(-16.99, abs=0.3)
    assert meter.hold_dbfs == pytest.approx(-16.99, abs=0.3)
    assert not meter.clipping


def test_a_new_meter_reads_the_floor() -> None:
    meter = Meter(RATE)
    assert (meter.rms_dbfs, meter.peak_dbfs, meter.hold_dbfs, meter.clipping) == (FLOOR_DBFS,) * 3 + (False,)


def test_rms_forgets_after_its_window() -> None:
    assert heard(sine(-10), silence(0.06)).rms_dbfs == pytest.approx(-10 + 10 * math.log10(65 / 125), abs=0.2)
    assert heard(sine(-10), silence(0.126)).rms_dbfs == FLOOR_DBFS


@pytest.mark.parametrize(("burst_ms", "under_db", "tolerance"), [(10, 1, 1.0), (5, 2, 0.5), (1.5, 9, 4.0)])
def test_ppm_type_1_integrates_short_bursts(burst_ms: float, under_db: float, tolerance: float) -> None:
    """IEC 60268-10, type I: bursts of 5 kHz read so many dB under the steady tone; the short one is only required to
    read clearly less."""
    meter = heard(silence(0.5), sine(-10, burst_ms / 1000, 5000, 48_000), rate=48_000)
    assert meter.peak_dbfs == pytest.approx(-6.99 - under_db, abs=tolerance)


def test_ppm_falls_20_db_in_a_second_and_a_half() -> None:
    before = heard(sine(-10)).peak_dbfs
    assert heard(sine(-10), silence(1.5)).peak_dbfs == pytest.approx(before - 20, abs=0.2)


def test_hold_stays_two_seconds() -> None:
    top = heard(sine(-10)).hold_dbfs
    assert heard(sine(-10), silence(1.9)).hold_dbfs == top
    assert heard(sine(-10), silence(2.1)).hold_dbfs < top - 20
    assert heard(sine(-30), sine(-10)).hold_dbfs == pytest.approx(top, abs=0.1)


@pytest.mark.parametrize("value", [32767, -32768])
def test_one_sample_at_the_rail_is_shown_for_a_second(value: int) -> None:
    click = np.array([value], np.int16)
    assert heard(sine(-20), click, silence(0.9)).clipping
    assert not heard(sine(-20), click, silence(1.1)).clipping
    assert not heard(np.full(100, 32766, np.int16)).clipping


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 700), min_size=1, max_size=20), st.integers(0, 2**32 - 1))
def test_readings_do_not_depend_on_the_chunks(sizes: list[int], seed: int) -> None:
    samples = np.random.default_rng(seed).integers(-32768, 32768, sum(sizes)).astype(np.int16)
    one, many = Meter(RATE), Meter(RATE)
    one.push(samples)
    for piece in np.split(samples, np.cumsum(sizes)[:-1]):
        many.push(piece)
    assert one.rms_dbfs == pytest.approx(many.rms_dbfs, abs=1e-9)
    assert (one.peak_dbfs, one.hold_dbfs, one.clipping) == (many.peak_dbfs, many.hold_dbfs, many.clipping)
