from __future__ import annotations

import numpy as np

from tui_assistant.models.detectors import energy

FRAME = 512
RNG_SEED = 11


def noise(frames: int, dbfs: float) -> np.ndarray:
    rng = np.random.default_rng(RNG_SEED)
    return np.rint(rng.normal(0, 32768 * 10 ** (dbfs / 20), (frames, FRAME))).astype(np.int16)


def bursts(frames: int, dbfs: float, offset: int = 0) -> np.ndarray:
    """Syllables: 160 ms of a 200 Hz tone, 96 ms of nothing."""
    at = np.arange(frames * FRAME)
    on = (at // FRAME) % 8 < 5
    tone = 32768 * 10 ** ((dbfs + 3.01) / 20) * np.sin(2 * np.pi * 200 / 16_000 * at)
    return np.rint(tone * on + offset).astype(np.int16).reshape(-1, FRAME)


def run(*pieces: np.ndarray) -> list[list[float]]:
    """p of each piece, all heard by one detector in a row."""
    detector = energy.create({})
    return [[detector.probability(frame) for frame in piece] for piece in pieces]


def test_speech_after_seconds_of_digital_silence() -> None:
    silence, speech, after = run(np.zeros((200, FRAME), np.int16), bursts(40, -30), np.zeros((20, FRAME), np.int16))
    assert max(silence) < 0.05
    assert speech[0] > 0.9
    assert np.mean([p > 0.5 for p in speech]) > 0.8
    assert max(after[3:]) < 0.05  # the smoothing has let go after three frames


def test_steady_noise_becomes_the_floor_within_two_seconds() -> None:
    _, loud, speech = run(np.zeros((100, FRAME), np.int16), noise(150, -35), noise(60, -35) + bursts(60, -15))
    assert loud[1] > 0.9  # something has begun
    assert max(loud[energy.FLOOR_FRAMES + 3 :]) < 0.05
    assert np.mean([p > 0.5 for p in speech]) > 0.7  # and a voice 20 dB above it is still heard


def test_quiet_noise_after_digital_silence_is_not_speech() -> None:
    _, quiet = run(np.zeros((100, FRAME), np.int16), noise(100, -66))
    assert max(quiet) < 0.1


def test_more_level_more_p() -> None:
    p = [run(noise(80, -60), bursts(3, level))[1][-1] for level in (-58, -52, -48, -44, -30)]
    assert p == sorted(p)
    assert p[0] < 0.2
    assert p[-1] > 0.99


def test_an_offset_of_the_converter_is_not_a_sound() -> None:
    (offset,) = run(np.full((50, FRAME), 3000, np.int16))
    assert max(offset) < 0.05
    with_offset, without = run(bursts(40, -30, offset=3000))[0], run(bursts(40, -30))[0]
    np.testing.assert_allclose(with_offset, without, atol=1e-3)


def test_deterministic_and_reset() -> None:
    frames = noise(30, -40) + bursts(30, -20)
    detector = energy.create({})
    first = [detector.probability(frame) for frame in frames]
    detector.reset()
    assert [detector.probability(frame) for frame in frames] == first == run(frames)[0]
