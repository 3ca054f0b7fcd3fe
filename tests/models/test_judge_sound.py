"""smart-turn and its features; the network itself is downloaded, so here a stand-in takes its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tui_assistant.engine.ports import Judged
from tui_assistant.errors import ModelError
from tui_assistant.models.judges import best, smart_turn
from tui_assistant.models.judges.features import FRAMES, log_mel
from tui_assistant.models.judges.smart_turn import SmartTurnJudge
from tui_assistant.models.judges.words import WordsJudge
from tui_assistant.models.registry import Port, create

RATE = 16_000


def tone(hertz: float, seconds: float) -> np.ndarray[Any, np.dtype[np.int16]]:
    at = np.arange(int(seconds * RATE)) / RATE
    return (8_000 * np.sin(2 * np.pi * hertz * at)).astype(np.int16)


def test_what_is_short_has_silence_before_it() -> None:
    features = log_mel(tone(1_000, 2))
    assert features.shape == (80, FRAMES)
    assert features.dtype == np.float32
    assert (features[:, :590] == features.min()).all()
    assert features[:, 610:].max() == features.max() == pytest.approx(features.min() + 2.0)


def test_only_the_last_8_s_count() -> None:
    sound = tone(440, 12)
    assert np.array_equal(log_mel(sound), log_mel(sound[-8 * RATE :]))


@pytest.mark.parametrize(("hertz", "band"), [(200, 4), (1_000, 26), (4_000, 62)])
def test_a_tone_lies_in_its_mel_band(hertz: float, band: int) -> None:
    """Slaney's scale has 80 bands from 0 to 45.245 mel; 1 kHz is 15 mel: 15 / 45.245 * 81 - 1 = 25.9; 4 kHz 35.2."""
    loudest = int(log_mel(tone(hertz, 8))[:, 400].argmax())
    assert abs(loudest - band) <= 1


def test_loudness_does_not_matter() -> None:
    sound = tone(300, 3) + tone(1_700, 3) // 2
    assert np.abs(log_mel(sound) - log_mel(sound // 4)).max() < 0.05


def test_silence_has_features() -> None:
    assert np.isfinite(log_mel(np.zeros(0, np.int16))).all()


class Network:
    def __init__(self, p: float) -> None:
        self.p = p
        self.shapes: list[tuple[int, ...]] = []

    def run(self, outputs: None, inputs: dict[str, Any]) -> list[Any]:
        self.shapes.append(inputs["input_features"].shape)
        return [np.array([[self.p]], np.float32)]


def test_the_network_gets_features_and_gives_p() -> None:
    network = Network(0.25)
    assert SmartTurnJudge(network).judge(bytes(64_000), "words") == Judged(0.25, "smart-turn")
    assert network.shapes == [(1, 80, 800)]


@pytest.mark.parametrize(
    ("p", "text", "expected"),
    [
        (0.2, "set a timer for two minutes", Judged(0.2, "smart-turn")),
        (0.9, "set a timer for", Judged(0.1, "words")),
        (0.99, "", Judged(0.99, "smart-turn")),
    ],
)
def test_the_less_sure_judge_decides(p: float, text: str, expected: Judged) -> None:
    judged = best.LowerJudge(SmartTurnJudge(Network(p)), WordsJudge()).judge(b"", text)
    assert (round(judged.p, 3), judged.judge) == (expected.p, expected.judge)


def test_a_missing_model_is_named_with_what_brings_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="tui-assistant models get smart-turn"):
        create(Port.JUDGE, "smart-turn", {"folder": str(tmp_path)})


def test_the_best_judge_falls_back_to_words_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = create(Port.JUDGE, "best", {"folder": str(tmp_path)})
    assert judge.name == "words alone (for smart-turn: tui-assistant models get smart-turn)"
    assert judge.judge(b"", "uhm") == Judged(0.05, "words")

    def no_library(options: object) -> SmartTurnJudge:
        raise ImportError("onnxruntime")

    monkeypatch.setattr(smart_turn, "create", no_library)
    assert "pip install 'tui-assistant[semantic]'" in create(Port.JUDGE, "best", {}).name
