from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tui_assistant.errors import UsageError
from tui_assistant.sound.resample import Resampler, resample

RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
PAIRS = [(source, target) for source in RATES for target in RATES if source != target]
ODD = [(44_056, 16_000), (8_001, 16_000), (47_999, 8_000), (16_000, 44_101)]  # more phases than are stored
HOLD_MS = 28  # what the engine allows: an event at most 60 ms late, of which 32 are the frame

Samples = NDArray[np.int16]


def sine(frequency: float, rate: int, count: int, amplitude: float = 20_000) -> Samples:
    return np.rint(amplitude * np.sin(2 * np.pi * frequency * np.arange(count) / rate)).astype(np.int16)


def noise(count: int, seed: int = 1) -> Samples:
    return np.random.default_rng(seed).integers(-32768, 32768, count).astype(np.int16)


def whole(samples: Samples, source: int, target: int, quality: str = "capture") -> Samples:
    resampler = Resampler(source, target, quality=quality)  # type: ignore[arg-type]  # parametrised
    return np.concatenate([resampler.push(samples), resampler.flush()])


def db(values: NDArray[np.float64] | Samples, against: float) -> float:
    return float(20 * np.log10(max(np.std(values.astype(np.float64)), 1e-9) / against))


@settings(max_examples=60, deadline=None)
@given(
    pair=st.sampled_from([(48_000, 16_000), (44_100, 16_000), (8_000, 16_000), (22_050, 24_000), (11_025, 16_000)]),
    quality=st.sampled_from(["capture", "playback"]),
    sizes=st.lists(st.integers(0, 1500), max_size=12),
)
def test_samples_and_their_moment_do_not_depend_on_the_chunks(
    pair: tuple[int, int], quality: str, sizes: list[int]
) -> None:
    samples = noise(sum(sizes))
    chunked, by_sample = Resampler(*pair, quality=quality), Resampler(*pair, quality=quality)  # type: ignore[arg-type]
    singles = [by_sample.push(samples[i : i + 1]) for i in range(samples.size)]
    begin, got = 0, []
    for size in sizes:
        got.append(chunked.push(samples[begin : begin + size]))
        # What is out after these samples is out after them, however they came.
        assert got[-1].size == sum(piece.size for piece in singles[begin : begin + size])
        begin += size
    got.append(chunked.flush())
    expected = np.concatenate([*singles, by_sample.flush(), np.zeros(0, np.int16)])
    assert np.array_equal(np.concatenate(got), expected)
    assert np.array_equal(whole(samples, *pair, quality), expected)


@pytest.mark.parametrize(("source", "target"), PAIRS + ODD)
def test_length_time_and_hold(source: int, target: int) -> None:
    """The output is the same tone at the same times, as long as the input, and nothing waits longer than allowed."""
    count = source // 4
    samples = sine(1000, source, count)
    resampler = Resampler(source, target)
    done, longest = [], 0.0
    step = source // 1000
    for begin in range(0, count, step):
        done.append(resampler.push(samples[begin : begin + step]))
        waiting = (begin + step) / source - sum(map(len, done)) / target
        longest = max(longest, waiting)
    out = np.concatenate([*done, resampler.flush()])
    assert out.size == pytest.approx(count * target / source, abs=1)
    assert longest * 1000 + 1 < HOLD_MS  # a step is about a millisecond
    assert longest <= resampler.max_hold_s
    inside = slice(target // 20, -target // 20)  # the tone begins and ends with a jump, which rings
    assert db((out - sine(1000, target, out.size).astype(float))[inside], 14_142) < -80


@pytest.mark.parametrize("quality", ["capture", "playback"])
@pytest.mark.parametrize(("source", "target"), [pair for pair in PAIRS + ODD if pair[1] < pair[0]])
def test_what_the_target_cannot_hold_does_not_fold_back(source: int, target: int, quality: str) -> None:
    for share in (0.02, 0.3, 0.9):  # of the way from the target's Nyquist frequency to the source's
        frequency = target / 2 + share * (source - target) / 2
        out = whole(sine(frequency, source, source // 4), source, target, quality)
        assert db(out[target // 20 : -target // 20], 14_142) < -75


@pytest.mark.parametrize(("source", "target"), [(8_000, 48_000), (16_000, 24_000), (22_050, 48_000), (24_000, 44_100)])
def test_no_images_above_the_source(source: int, target: int) -> None:
    out = whole(sine(0.4 * source, source, source), source, target, "playback").astype(np.float64)
    out = out[target // 4 : target // 4 + target // 2] * np.hanning(target // 2)
    spectrum = 20 * np.log10(np.abs(np.fft.rfft(out)) + 1e-9)
    above = np.fft.rfftfreq(out.size, 1 / target) > source / 2
    assert spectrum[above].max() < spectrum.max() - 85


def test_speech_band_is_flat() -> None:
    for frequency in (60, 300, 1000, 3000, 6000, 6700):
        out = whole(sine(frequency, 48_000, 24_000), 48_000, 16_000)
        assert db(out[1000:-1000], 14_142) == pytest.approx(0, abs=0.05)


def test_agrees_with_soxr_on_noise_in_the_band() -> None:
    """A second, independent implementation; noise limited to 5 kHz, where both filters pass everything."""
    wide = noise(48_000).astype(np.float64) * 0.3
    spectrum = np.fft.rfft(wide)
    spectrum[5000:] = 0
    samples = np.rint(np.fft.irfft(spectrum)).astype(np.int16)
    reference = soxr.resample(samples.astype(np.float64), 48_000, 16_000, quality="VHQ")
    ours = whole(samples, 48_000, 16_000)
    assert db((ours - reference)[800:-800], float(np.std(reference))) < -75


def test_full_scale_clips_and_never_wraps() -> None:
    square = np.where(np.arange(4800) % 96 < 48, 32767, -32768).astype(np.int16)  # overshoots at its edges
    out = whole(square, 48_000, 16_000)
    assert out.max() == 32767
    assert out.min() == -32768
    assert (np.abs(np.diff(out[100:-100].astype(int))) > 40_000).sum() <= 2 * 100  # as many jumps as the square has


def test_a_constant_stays_that_constant() -> None:
    for source, target in [(48_000, 16_000), (11_025, 16_000), (44_056, 16_000)]:
        out = whole(np.full(source, 12_345, np.int16), source, target)
        assert set(out[target // 10 : -target // 10].tolist()) == {12_345}


def test_equal_rates_pass_through_at_once() -> None:
    resampler = Resampler(16_000, 16_000)
    samples = noise(777)
    assert np.array_equal(resampler.push(samples), samples)
    assert resampler.flush().size == 0
    assert resampler.max_hold_s == 0


@pytest.mark.parametrize("count", [0, 1, 2, 3, 79, 80, 81, 1000])
def test_flush_ends_the_stream_at_any_length_and_a_new_one_begins(count: int) -> None:
    resampler = Resampler(8_000, 16_000)
    samples = noise(count)
    first = np.concatenate([resampler.push(samples), resampler.flush()])
    assert first.size == 2 * count
    assert resampler.flush().size == 0
    assert np.array_equal(np.concatenate([resampler.push(samples), resampler.flush()]), first)


@pytest.mark.parametrize(("source", "target"), [*PAIRS[::5], (44_100, 16_000), *ODD])
@pytest.mark.parametrize("quality", ["capture", "playback"])
def test_a_whole_recording_gives_the_same_samples(source: int, target: int, quality: Any) -> None:
    samples = noise(source // 3 + 7)
    assert np.array_equal(resample(samples, source, target, quality=quality), whole(samples, source, target, quality))


def test_there_and_back_is_nearly_the_same() -> None:
    samples = sine(440, 16_000, 16_000) + sine(3100, 16_000, 16_000, 5000)
    back = resample(resample(samples, 16_000, 48_000), 48_000, 16_000)
    assert back.size == samples.size
    assert db((back - samples.astype(float))[500:-500], float(np.std(samples))) < -75


@pytest.mark.parametrize("rate", [0, -1, 3_999, 384_001])
def test_rates_that_no_device_has_are_refused(rate: int) -> None:
    with pytest.raises(UsageError, match="sample rate"):
        Resampler(rate, 16_000)
    with pytest.raises(UsageError, match="sample rate"):
        Resampler(16_000, rate)
