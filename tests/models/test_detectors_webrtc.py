from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tui_assistant.errors import ModelError, UsageError
from tui_assistant.models.detectors import webrtc
from tui_assistant.sound.wav import read_wav

FRAME = 512
CLIP = Path(__file__).parents[1] / "data" / "speech" / "jfk.wav"


@pytest.fixture(scope="module")
def frames() -> np.ndarray:
    samples = read_wav(CLIP.read_bytes(), CLIP.name).samples
    return samples[: samples.size // FRAME * FRAME].reshape(-1, FRAME)


def test_p_is_the_share_of_voiced_subframes_carried_over_borders(frames: np.ndarray) -> None:
    """Against the library, asked for the whole recording in one row of 10 ms pieces."""
    import webrtcvad

    vad = webrtcvad.Vad(2)
    pieces = frames.reshape(-1)[: frames.size // 160 * 160].reshape(-1, 160)
    votes = [vad.is_speech(piece.tobytes(), 16_000) for piece in pieces]
    detector = webrtc.create({})
    for number, frame in enumerate(frames):
        mine = votes[number * FRAME // 160 : (number + 1) * FRAME // 160]  # the pieces that end inside this frame
        assert len(mine) in (3, 4)
        assert detector.probability(frame) == sum(mine) / len(mine)


def test_hears_speech_and_not_silence(frames: np.ndarray) -> None:
    assert np.mean([webrtc.create({}).probability(frame) for frame in frames]) > 0.5
    silence = webrtc.create({})
    assert [silence.probability(np.zeros(FRAME, np.int16)) for _ in range(30)] == [0.0] * 30


def test_reset_is_a_fresh_start(frames: np.ndarray) -> None:
    detector = webrtc.create({})
    first = [detector.probability(frame) for frame in frames]
    detector.probability(frames[0])  # leaves samples behind
    detector.reset()
    assert [detector.probability(frame) for frame in frames] == first


def test_a_stricter_mode_lets_less_through(frames: np.ndarray) -> None:
    rng = np.random.default_rng(5)
    noisy = np.clip(frames + rng.normal(0, 400, frames.shape), -32768, 32767).astype(np.int16)
    shares = []
    for mode in ("0", 3):  # from the command line it is a word, from the settings a number
        detector = webrtc.create({"mode": mode})
        shares.append(np.mean([detector.probability(frame) for frame in noisy]))
    assert shares[0] > shares[1]


@pytest.mark.parametrize("mode", ["4", "-1", "", "high"])
def test_another_mode_is_refused_with_what_is_allowed(mode: str) -> None:
    with pytest.raises(UsageError, match="mode is 0, 1, 2 or 3"):
        webrtc.create({"mode": mode})


def test_without_the_library_the_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "webrtcvad", None)
    with pytest.raises(ModelError, match="pip install webrtcvad-wheels"):
        webrtc.create({})


def test_works_where_setuptools_is_not_installed() -> None:
    code = (
        "import sys; sys.modules['pkg_resources'] = sys.modules['setuptools'] = None\n"
        "from tui_assistant.models.detectors import webrtc; print(webrtc.create({}).name)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "webrtc\n"
