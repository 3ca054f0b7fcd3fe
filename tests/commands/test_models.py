"""`tui-assistant models`: what is listed of a download, short names, and offline mode."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stub_server import StubServer, respond

from tui_assistant.commands import models
from tui_assistant.config import load
from tui_assistant.errors import ModelError
from tui_assistant.models.catalogue import Entry, File
from tui_assistant.models.registry import Port
from tui_assistant.models.store import Store

WEIGHTS, WORDS = b"weights" * 300_000, b"words" * 10


@pytest.fixture
def server() -> Iterator[StubServer]:
    stub = StubServer()
    stub.handler = lambda request: respond(200, WORDS if request.path.endswith("json") else WEIGHTS)
    yield stub
    stub.close()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: StubServer) -> Path:
    """The default voice of Piper as two small files without a known checksum."""
    name = "piper-en_US-joe-medium"
    files = (File("voice.onnx", f"{server.url}/v.onnx"), File("voice.onnx.json", f"{server.url}/v.json", len(WORDS)))
    entry = Entry(name, "CC0-1.0", files, "somebody", "a voice")
    monkeypatch.setattr(models, "Store", lambda **more: Store(tmp_path / "models", {name: entry}, **more))
    monkeypatch.setattr(models, "find_spec", lambda name: object())
    monkeypatch.setenv("TUI_ASSISTANT_CONFIG", str(tmp_path / "config.toml"))
    return tmp_path / "models"


def listed(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert models.run_list(as_json=True) == 0
    return {line["name"]: line for line in map(json.loads, capsys.readouterr().out.splitlines())}


def test_a_short_name_is_enough_and_everything_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = listed(capsys)
    assert before["piper"]["mend"] == "tui-assistant models get piper-en_US-joe-medium"
    assert not before["piper-en_US-joe-medium"]["usable"]
    assert models.run_get("piper") == 0
    out, err = capsys.readouterr()
    assert out == f"{folder / 'piper-en_US-joe-medium'}\n"
    first, *_, last, use, voice_line = err.splitlines()
    assert use == "to use it: tui-assistant config set models.synthesiser piper"
    assert voice_line == "to use it: tui-assistant config set voice.name en_US-joe-medium"
    assert first == "piper-en_US-joe-medium: size not known beforehand, CC0-1.0, somebody"
    assert last == "piper-en_US-joe-medium: no checksum is known; what came now is recorded and has to stay so"
    after = listed(capsys)
    assert after["piper"]["usable"]
    voice = after["piper-en_US-joe-medium"]
    assert (voice["port"], voice["usable"], voice["here"]) == ("voice", True, len(WEIGHTS) + len(WORDS))
    assert voice["checksum"] == "recorded at the first download"
    assert models.run_path("piper") == 0
    assert capsys.readouterr().out == out
    assert models.run_remove("piper") == 0
    assert "removed" in capsys.readouterr().err
    assert not listed(capsys)["piper"]["usable"]
    with pytest.raises(ModelError, match="is not on this machine"):
        models.run_path("piper")


def test_one_command_fetches_a_model_and_uses_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder.parent.joinpath("config.toml").write_text("[models]\n# mine\nrecogniser = 'pocketsphinx'\n")
    assert models.run_get("piper", use=True) == 0
    assert capsys.readouterr().err.splitlines()[-2:] == ["models.synthesiser = piper", "voice.name = en_US-joe-medium"]
    settings = load()
    assert (settings.models.recogniser, settings.models.synthesiser) == ("pocketsphinx", "piper")
    assert settings.voice.name == "en_US-joe-medium"
    assert "# mine" in folder.parent.joinpath("config.toml").read_text()


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("moonshine-small", {"models.recogniser": "moonshine-small"}),
        ("kokoro", {"models.synthesiser": "kokoro"}),
        ("smart-turn", {"models.judge": "best"}),
    ],
)
def test_which_setting_names_a_download(name: str, settings: dict[str, str]) -> None:
    assert models.chosen(name) == settings


def test_the_setup_names_the_choice_with_what_each_costs(folder: Path) -> None:
    offered = {each.name: each for each in models.overview({Port.SYNTHESISER: "espeak"})}
    assert offered["espeak"].used
    assert offered["espeak"].download is None
    assert not offered["piper"].usable
    assert offered["piper"].mend == "tui-assistant models get piper-en_US-joe-medium"
    assert not {"transcriptions", "speech", "piper-en_US-joe-medium"} & set(offered)


def test_what_is_half_here_is_listed_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "piper-en_US-joe-medium").mkdir(parents=True)
    (folder / "piper-en_US-joe-medium" / "voice.onnx.part").write_bytes(WEIGHTS[:1_000_000])
    models.run_list(as_json=False)
    (line,) = [each for each in capsys.readouterr().out.splitlines() if each.startswith("voice")]
    assert "missing: tui-assistant models get piper-en_US-joe-medium" in line
    assert "(1.0 MB of it here, size not known, CC0-1.0, somebody; a voice)" in line


@pytest.mark.parametrize("by", ["environment", "file"])
def test_offline_mode_asks_nobody(folder: Path, server: StubServer, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    if by == "file":
        folder.parent.joinpath("config.toml").write_text("[models]\noffline = true\n")
    else:
        monkeypatch.setenv("TUI_ASSISTANT_MODELS__OFFLINE", "true")
    with pytest.raises(ModelError, match=r"offline mode is on: .* is not downloaded \(set models\.offline to false\)"):
        models.run_get("piper")
    assert server.requests == []


def test_the_progress_of_what_has_no_known_size_is_a_line_for_each_10_mb(capsys: pytest.CaptureFixture[str]) -> None:
    progress = models._Progress()
    for done in range(0, 35_000_000, 1_000_000):
        progress.show(done, 0)
    assert capsys.readouterr().err.splitlines() == ["0.0 MB", "10.0 MB", "20.0 MB", "30.0 MB"]
