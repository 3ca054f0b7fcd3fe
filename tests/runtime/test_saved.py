"""Values in force and config.toml: what is written is what is read again."""

from __future__ import annotations

import os
import threading
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tui_assistant import config
from tui_assistant.client.tuning import PRESETS, Tuning
from tui_assistant.commands.assistant import Options, talk_options, tuning
from tui_assistant.config_sections import PresetSettings
from tui_assistant.errors import ConfigError, UnavailableError
from tui_assistant.runtime.saved import LONGEST_NAME, PLACES, SavedSettings

TUNINGS = st.builds(
    Tuning,
    kind=st.sampled_from(["server_vad", "semantic_vad"]),
    threshold=st.floats(0, 1).map(lambda x: round(x, 3)),
    prefix_padding_ms=st.integers(0, 5_000),
    silence_duration_ms=st.integers(0, 10_000),
    eagerness=st.sampled_from(["low", "medium", "high", "auto"]),
    hysteresis=st.floats(0, 0.5).map(lambda x: round(x, 3)),
    min_speech_ms=st.integers(32, 500),
    tail_ms=st.integers(0, 1_000),
    gain_db=st.floats(-20, 40).map(lambda x: round(x, 1)),
)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith(config.PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv(config.CONFIG_VARIABLE, str(tmp_path / "config.toml"))
    return tmp_path / "config.toml"


@pytest.fixture
def saved(file: Path) -> SavedSettings:
    return SavedSettings(None, ())


def test_nothing_is_written_that_the_file_says_already(file: Path, saved: SavedSettings) -> None:
    assert saved.diff(Tuning()) == ""
    assert saved.save(Tuning()).endswith("has these values already.")
    assert not file.exists()


def test_the_diff_is_what_save_does(file: Path, saved: SavedSettings) -> None:
    file.write_text("[turn_detection]\nthreshold = 0.6  # a fan\n\n[voice]\nspeed = 1.1\n")
    values = replace(Tuning(), threshold=0.7, gain_db=6.0)
    assert saved.diff(values).splitlines() == [
        "--- config.toml",
        "+++ config.toml",
        "@@ -1,5 +1,8 @@",
        " [turn_detection]",
        "-threshold = 0.6  # a fan",
        "+threshold = 0.7  # a fan",
        " ",
        " [voice]",
        " speed = 1.1",
        "+",
        "+[audio]",
        "+gain_db = 6.0",
    ]
    assert saved.save(values) == f"Saved to {file}: threshold, gain_db."
    assert saved.diff(values) == ""
    assert "# a fan" in file.read_text()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(TUNINGS, min_size=1, max_size=3))
def test_what_was_saved_is_in_force_at_the_next_start(file: Path, saved: SavedSettings, steps: list[Tuning]) -> None:
    file.write_text("# mine\n[turn_detection]\ntype = 'server_vad'\n\n[keys]\ntalk = 'f4'\n")
    for values in steps:
        saved.save(values)
        loaded = config.load()
        assert tuning(loaded) == values
        assert talk_options(loaded, Options()).first_tuning == values
        assert loaded.turn_detection.vad() == values.rules()
        assert loaded.keys.talk == "f4"
        assert file.read_text().startswith("# mine\n")


def test_every_value_has_a_place() -> None:
    assert PLACES.keys() | {"kind"} == asdict(Tuning()).keys()
    assert set(PLACES.values()) <= config.fields().keys()
    for name, place in PLACES.items():
        assert config.fields()[place].default == asdict(Tuning())[name]
        assert PresetSettings.model_fields[name].metadata == config.fields()[place].metadata


def test_push_to_talk_by_type_none_stays_push_to_talk(file: Path, saved: SavedSettings) -> None:
    file.write_text('[turn_detection]\ntype = "none"\n')
    assert saved.diff(Tuning()) == ""
    saved.save(Tuning(kind="semantic_vad"))
    loaded = config.load()
    assert (loaded.push_to_talk, tuning(loaded).kind) == (True, "semantic_vad")


def test_a_variable_that_wins_over_the_file_is_named(saved: SavedSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUI_ASSISTANT_TURN_DETECTION__THRESHOLD", "0.3")
    told = saved.save(Tuning(threshold=0.8))
    assert told.endswith("threshold. But TUI_ASSISTANT_TURN_DETECTION__THRESHOLD is set and wins over the file.")


def test_an_own_preset_is_kept_and_read_again(file: Path, saved: SavedSettings) -> None:
    file.write_text('# mine\n[presets.kitchen]\nwords = "with the fan"\nthreshold = 0.8\n')
    values = Tuning(kind="semantic_vad", threshold=0.45, eagerness="low", gain_db=12.0)
    assert saved.save_preset(" kitchen ", values) == f'Saved to {file}: the preset "kitchen".'
    saved.save_preset("v1.2", Tuning())
    options = talk_options(config.load(), Options())
    kitchen, version = options.presets
    assert (kitchen.name, kitchen.words) == ("kitchen", "with the fan")
    assert kitchen.on(Tuning(threshold=0.1)) == values
    assert version.on(values) == Tuning()
    assert saved.presets == PRESETS + options.presets
    assert file.read_text().startswith("# mine\n")


def test_a_preset_by_hand_names_what_it_changes(file: Path) -> None:
    file.write_text('[presets.late]\nsilence_duration_ms = 900\n[presets.judge]\ntype = "semantic_vad"\n')
    late, judge = talk_options(config.load(), Options()).presets
    assert late.on(Tuning(threshold=0.7)) == Tuning(threshold=0.7, silence_duration_ms=900)
    assert judge.values == {"kind": "semantic_vad"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[presets.a]\nthreshold = 2", "presets.a.threshold = 2: allowed is a number from 0 to 1"),
        ("[presets.a]\ngain_db = 60", "presets.a.gain_db = 60: allowed is a number from -20 to 40"),
        ('[presets.a]\ntype = "none"', "presets.a.type = none: allowed is server_vad, semantic_vad"),
        ("[presets.a]\ntreshold = 0.2", "presets.a.treshold: unknown key; did you mean presets.a.threshold?"),
        ("[presets]\na = 3", "presets.a = 3: allowed is a table of settings"),
        ("presets = 3", "presets = 3: allowed is a table of settings"),
        ("[turn_detection]\nhysteresis = 0.6", "turn_detection.hysteresis = 0.6: allowed is a number from 0 to 0.5"),
        (
            "[turn_detection]\nmin_speech_ms = 10",
            "turn_detection.min_speech_ms = 10: allowed is a whole number from 32 to 500",
        ),
        ("[audio]\ngain_db = -30", "audio.gain_db = -30: allowed is a number from -20 to 40"),
    ],
)
def test_a_bad_preset_or_value_names_itself(file: Path, text: str, message: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        config.load()
    assert caught.value.message == f"{file}: {message}"


@pytest.mark.parametrize("name", ["", "  ", "x" * (LONGEST_NAME + 1), "a\x1b[2J"])
def test_a_name_must_be_one(saved: SavedSettings, name: str) -> None:
    with pytest.raises(ConfigError, match="1 to 40 characters"):
        saved.save_preset(name, Tuning())


def test_our_own_presets_are_not_replaced(file: Path, saved: SavedSettings) -> None:
    with pytest.raises(ConfigError, match="choose another name"):
        saved.save_preset("office", Tuning())
    assert not file.exists()


def test_saving_happens_behind_and_tells(file: Path, saved: SavedSettings) -> None:
    told: list[tuple[str, str]] = []
    done = threading.Event()

    def tell(text: str, severity: str) -> None:
        told.append((text, severity))
        done.set()

    def fail() -> str:
        raise UnavailableError("no space", "free some")

    for job in (lambda: "fine", fail):
        done.clear()
        saved.behind(job, tell)
        assert done.wait(5)
    assert told[0] == ("fine", "information")
    assert told[1][1] == "error"
    assert told[1][0].startswith("no space")
