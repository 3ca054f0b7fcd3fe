"""Silero in numpy against what onnxruntime gave for the published graph (tests/data/silero_vectors.npz)."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from tui_assistant.errors import ModelError
from tui_assistant.models.detectors import silero
from tui_assistant.models.detectors.silero_network import FRAME, Network
from tui_assistant.sound.wav import read_wav

DATA = Path(__file__).parents[1] / "data"
WEIGHTS_SHA256 = "e7da93cdc5f6d473c34e2ecd8505edc082c67bb4344a59b0e18384829a59db4e"


@pytest.fixture(scope="module")
def vectors() -> tuple[np.ndarray, np.ndarray]:
    with np.load(DATA / "silero_vectors.npz") as archive:
        return archive["pcm"], archive["probability"]


def probabilities(detector: silero.SileroDetector, frames: np.ndarray) -> list[float]:
    return [detector.probability(frame) for frame in frames]


def test_equals_the_published_graph(vectors: tuple[np.ndarray, np.ndarray]) -> None:
    frames, expected = vectors
    got = probabilities(silero.create({"gain_db": 0}), frames)
    assert expected.max() > 0.9  # the vectors hold speech ...
    assert expected.min() < 0.1  # ... and pauses
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-5)


def test_streams_side_by_side_equal_one_alone(vectors: tuple[np.ndarray, np.ndarray]) -> None:
    frames, expected = vectors
    offsets = [0, 7, 23]
    network = Network(silero.shared_weights(), streams=len(offsets))
    alone = [probabilities(silero.create({"gain_db": 0}), frames[offset:]) for offset in offsets]
    for step in range(30):
        together = network.probabilities(np.stack([frames[offset + step] for offset in offsets]))
        np.testing.assert_allclose(together, [run[step] for run in alone], rtol=0, atol=1e-5)
    np.testing.assert_allclose(alone[0], expected, rtol=0, atol=1e-5)


def test_the_network_hears_the_input_louder(vectors: tuple[np.ndarray, np.ndarray]) -> None:
    """By default 8 dB, without clipping: as if quieter input had been 8 dB louder."""
    frames, _ = vectors
    quiet = np.rint(frames / 4).astype(np.int16)
    louder = quiet * 10 ** (silero.GAIN_DB / 20)
    got = probabilities(silero.create({}), quiet)
    expected = probabilities(silero.create({"gain_db": 0}), louder)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-4)
    assert np.abs(np.subtract(got, probabilities(silero.create({"gain_db": 0}), quiet))).max() > 0.01


def test_is_never_certain() -> None:
    """So that threshold 1, the top of the slider, means that no turn begins."""
    speech = read_wav((DATA / "speech" / "jfk.wav").read_bytes(), "jfk.wav").samples
    frames = speech[: speech.size // FRAME * FRAME].reshape(-1, FRAME)
    assert max(probabilities(silero.create({}), frames)) == silero.HIGHEST


def test_same_frames_give_the_same_bits(vectors: tuple[np.ndarray, np.ndarray]) -> None:
    frames, _ = vectors
    assert probabilities(silero.create({}), frames) == probabilities(silero.create({}), frames)


def test_reset_is_a_fresh_start(vectors: tuple[np.ndarray, np.ndarray]) -> None:
    frames, _ = vectors
    detector = silero.create({})
    first = probabilities(detector, frames)
    without_reset = probabilities(detector, frames[:5])
    detector.reset()
    assert probabilities(detector, frames) == first
    assert without_reset != first[:5]  # so the state does matter


def test_detectors_on_threads_share_weights_and_nothing_else(vectors: tuple[np.ndarray, np.ndarray]) -> None:
    frames, _ = vectors
    expected = probabilities(silero.create({}), frames)
    results: list[list[float]] = [[] for _ in range(4)]

    def run(number: int) -> None:
        detector = silero.create({})
        assert detector._network.weights is silero.shared_weights()
        results[number] = probabilities(detector, frames)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 4


def test_weights_cannot_be_changed_by_accident() -> None:
    with pytest.raises(ValueError, match="read-only"):
        silero.shared_weights().lstm[0, 0] = 1


def test_frame_is_not_changed_and_a_view_will_do() -> None:
    samples = np.arange(2 * FRAME, dtype=np.int16)
    before = samples.copy()
    every_second = samples[::2]
    assert silero.create({}).probability(every_second) == silero.create({}).probability(every_second.copy())
    assert np.array_equal(samples, before)


@pytest.mark.parametrize("name", ["jfk.wav", "librivox_0880.wav", "lj_0013.wav"])
def test_hears_real_speech_and_no_silence(name: str) -> None:
    samples = read_wav((DATA / "speech" / name).read_bytes(), name).samples
    frames = samples[: samples.size // FRAME * FRAME].reshape(-1, FRAME)
    assert np.mean([p >= 0.5 for p in probabilities(silero.create({}), frames)]) > 0.6
    assert max(probabilities(silero.create({}), np.zeros((60, FRAME), np.int16))) < 0.1


def test_the_weights_in_the_package_are_the_ones_the_notice_is_for() -> None:
    folder = resources.files("tui_assistant.models.detectors")
    assert hashlib.sha256((folder / silero.WEIGHTS_FILE).read_bytes()).hexdigest() == WEIGHTS_SHA256
    assert "Silero Team" in (folder / "silero62_LICENSE").read_text()


def test_damaged_weights_are_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silero, "WEIGHTS_FILE", "silero62_LICENSE")
    monkeypatch.setattr(silero, "_shared", None)
    with pytest.raises(ModelError, match="reinstall"):
        silero.create({})


def test_importing_the_room_loads_no_screen_no_device_and_no_runtime() -> None:
    code = (
        "import sys, tui_assistant.models.detectors.silero, tui_assistant.models.detectors.webrtc,"
        " tui_assistant.models.detectors.energy;"
        "print([m for m in ('textual', 'sounddevice', 'onnxruntime', 'asyncio', 'webrtcvad') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
