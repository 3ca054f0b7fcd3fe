"""`tui-assistant models get` and `remove`, and which judge the conversation gets."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from click.testing import CliRunner

from tui_assistant.commands import models
from tui_assistant.commands.assistant import worker_specs
from tui_assistant.commands.models import model
from tui_assistant.config import Flag, load
from tui_assistant.errors import UsageError
from tui_assistant.host.workers import WorkerSpec
from tui_assistant.models import store
from tui_assistant.models.catalogue import Entry, File
from tui_assistant.models.registry import Port
from tui_assistant.models.store import Store

CONTENT = b"weights" * 1_000


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's models, with smart-turn in the catalogue as a small file that is there."""
    file = File("", "http://127.0.0.1:9/", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    entry = Entry("smart-turn", "MIT", (file,))
    monkeypatch.setattr(store, "default_folder", lambda: tmp_path)
    monkeypatch.setattr(models, "Store", lambda **more: Store(tmp_path, {"smart-turn": entry}, **more))
    (tmp_path / "smart-turn").write_bytes(CONTENT)
    return tmp_path


def test_get_gives_the_path_on_stdout(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert models.run_get("smart-turn") == 0
    out, err = capsys.readouterr()
    assert out == f"{folder / 'smart-turn'}\n"
    assert "MIT" in err


def test_remove_then_list_names_what_brings_it_back(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "find_spec", lambda name: object())
    assert model(Port.JUDGE, "smart-turn").usable
    assert models.run_remove("smart-turn") == 0
    assert not (folder / "smart-turn").exists()
    assert model(Port.JUDGE, "smart-turn").mend == "tui-assistant models get smart-turn"
    assert models.run_remove("smart-turn") == 0


def test_an_unknown_name_is_refused_with_those_that_are_known() -> None:
    for command in (models.run_get, models.run_path, models.run_remove):
        with pytest.raises(UsageError, match="there are: smart-turn"):
            command("smart-return")


def test_what_is_used_is_written_into_the_file_that_is_named(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text("")
    assert models.run_get("smart-turn", use=True, config=str(other)) == 0
    assert 'judge = "best"' in other.read_text()


def test_progress_is_a_line_for_each_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    progress = models._Progress()
    for done in range(0, 1_001, 25):
        progress.show(done * 1_000, 1_000_000)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 11
    assert lines[-1] == "100 %  1.0 of 1.0 MB"


def test_the_commands_are_there() -> None:
    from tui_assistant.cli import cli

    shown = CliRunner().invoke(cli, ["models", "--help"]).output
    assert "get" in shown
    assert "remove" in shown


def test_a_judge_is_loaded_when_it_is_wanted() -> None:
    semantic = {"turn_detection.type": Flag("--turn-detection", "semantic_vad")}
    assert worker_specs(load(semantic))[Port.JUDGE] == WorkerSpec(Port.JUDGE, "best", instead=("words",))
    assert worker_specs(load({}))[Port.JUDGE] == WorkerSpec(Port.JUDGE, "best", lazy=True, instead=("words",))
    assert worker_specs(load(semantic), remember=False)[Port.JUDGE].lazy
    chosen = {"models.judge": Flag("models.judge", "words")}
    assert worker_specs(load(chosen))[Port.JUDGE].name == "words"
