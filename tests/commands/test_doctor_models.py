"""What `doctor` says of the models that hear and speak."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tui_assistant.commands import doctor, models
from tui_assistant.commands.doctor import Finding, Verdict
from tui_assistant.config import Flag, load
from tui_assistant.models.catalogue import CATALOGUE


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No model is here, and every library is."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("TUI_ASSISTANT_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setattr(models, "find_spec", lambda name: object())
    monkeypatch.setattr("tui_assistant.models.store.default_folder", lambda: tmp_path / "models")
    return tmp_path / "models"


def findings(**values: Any) -> dict[str, Finding]:
    settings = load({key.replace("__", "."): Flag(key, value) for key, value in values.items()})
    return {each.what: each for each in doctor.others(settings)}


def test_a_missing_model_is_a_note_where_another_takes_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    found = findings(models__recogniser="moonshine-tiny")["recogniser"]
    assert found.verdict is Verdict.NOTE
    assert found.text == "moonshine-tiny is not installed; pocketsphinx takes its place"
    assert found.mend == "tui-assistant models get moonshine-tiny"
    monkeypatch.setattr(models, "find_spec", lambda name: None)
    found = findings(models__recogniser="moonshine-tiny")["recogniser"]
    assert found.verdict is Verdict.BAD
    assert found.mend == "pip install 'tui-assistant[moonshine]' && tui-assistant models get moonshine-tiny"


def test_which_model_is_the_best_is_said(folder: Path) -> None:
    found = findings(models__recogniser="best", models__synthesiser="best")
    assert found["recogniser"].text == "best, which is pocketsphinx here"
    assert found["synthesiser"].text == "best, which is espeak here"
    assert found["judge"].text == "best, which is words here"
    found = findings(models__judge="smart-turn")
    assert found["judge"].text == "smart-turn is not installed; words takes its place"


def test_a_model_that_there_is_not_is_no_good_news() -> None:
    found = findings(models__recogniser="dragon", models__synthesiser="parrot")
    assert found["recogniser"].verdict is Verdict.NOTE
    assert found["recogniser"].text == "dragon is not installed; pocketsphinx takes its place"
    assert found["recogniser"].mend.startswith("there are: pocketsphinx, ")


def test_the_address_of_a_server_comes_from_the_file_that_is_examined() -> None:
    found = findings(models__recogniser="transcriptions", transcription__url="http://127.0.0.1:8000/v1")
    assert found["recogniser"].text == "transcriptions"


def test_a_damaged_model_is_said_with_what_mends_it(folder: Path) -> None:
    entry = CATALOGUE["moonshine-tiny"]
    (folder / entry.name).mkdir(parents=True)
    records = []
    for file in entry.files:
        with (folder / entry.name / file.name).open("wb") as out:
            out.truncate(file.size)
        records.append(f'"{file.name}": {{"size": {file.size}, "sha256": "{"0" * 64}", "mtime_ns": 1}}')
    (folder / f"{entry.name}.json").write_text("{" + ", ".join(records) + "}")
    found = findings(models__recogniser="moonshine-tiny")["recogniser"]
    assert found.verdict is Verdict.NOTE
    assert "adapter.ort is not what was downloaded; pocketsphinx takes its place" in found.text
    assert found.mend == "tui-assistant models get moonshine-tiny"


def test_servers_their_addresses_and_keys(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEARING_KEY", raising=False)
    found = findings(models__recogniser="transcriptions", models__synthesiser="speech")
    assert found["recogniser"].text.startswith("transcriptions has no address; ")
    assert found["recogniser"].mend.startswith("tui-assistant config set transcription.url ")
    assert "transcription" not in found
    folder.parent.joinpath("config.toml").write_text(
        '[transcription]\nurl = "http://127.0.0.1:8000"\napi_key_env = "HEARING_KEY"\n'
    )
    found = findings(models__recogniser="transcriptions")
    assert found["recogniser"] == Finding("recogniser", Verdict.OK, "transcriptions")
    assert found["transcription"].verdict is Verdict.BAD
    assert found["transcription"].mend == "export HEARING_KEY=..."
    assert "speech" not in found


def test_offline_mode_is_said() -> None:
    assert "offline" not in findings()
    assert findings(models__offline=True)["offline"].text.startswith("by the settings: no download")
