"""What the setup is told of the models."""

from __future__ import annotations

import pytest

from tui_assistant.commands import models
from tui_assistant.commands.assistant import model_overview
from tui_assistant.config import Settings
from tui_assistant.models.registry import Port
from tui_assistant.runtime.setup_api import ModelInfo


def test_the_models_in_use_are_those_of_the_settings() -> None:
    used = {model.port: model.name for model in reversed(model_overview(Settings())) if model.used}
    wanted = Settings().models
    assert used == {
        "detector": wanted.detector,
        "judge": wanted.judge,
        "recogniser": wanted.recogniser,
        "responder": wanted.responder,
        "synthesiser": wanted.synthesiser,
    }


def test_what_is_missing_comes_with_its_size_and_the_line_that_brings_it(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(models, "find_spec", lambda name: object())
    (judge,) = [each for each in models.overview({Port.JUDGE: "words"}) if each.name == "smart-turn"]
    assert judge == ModelInfo(
        "judge",
        "smart-turn",
        False,
        mend="tui-assistant models get smart-turn",
        download=8_679_182,
        fetch="smart-turn",
        licence="BSD-2-Clause",
        gives="hears whether you have finished, for semantic_vad",
    )
    monkeypatch.setattr(models, "find_spec", lambda name: None)
    (voice,) = [each for each in models.overview({}) if each.name == "espeak"]
    assert (voice.fetch, voice.extra) == ("", "pip install 'tui-assistant[local]'")
    assert (voice.usable, voice.mend) == (False, "pip install 'tui-assistant[local]'")
