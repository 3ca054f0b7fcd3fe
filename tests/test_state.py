from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tui_assistant import state
from tui_assistant.state import (
    MAX_NAME,
    MAX_TERMINALS,
    DeviceSetup,
    LearnedKeys,
    RememberedDevices,
    RememberedKeys,
    RememberedSetup,
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(state.STATE_VARIABLE, str(tmp_path / "state"))
    return tmp_path / "state"


def test_what_is_saved_is_loaded_again() -> None:
    RememberedDevices(input="USB Microphone", output="").save()
    assert RememberedDevices.load() == RememberedDevices(input="USB Microphone", output="")


def test_nothing_saved_gives_the_defaults_and_writes_nothing(folder: Path) -> None:
    assert RememberedDevices.load() == RememberedDevices(input="", output="")
    assert not folder.exists()


def test_files_are_private(folder: Path) -> None:
    RememberedDevices(input="x").save()
    assert stat.S_IMODE((folder / "devices.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(state.log_folder().stat().st_mode) == 0o700
    assert stat.S_IMODE(state.skills_folder().stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"input": 3}', b"\xff\xfe", b" " * (state.MAX_STATE_BYTES + 1)]
)
def test_a_file_without_sense_is_kept_aside(folder: Path, content: bytes) -> None:
    folder.mkdir()
    (folder / "devices.json").write_bytes(content)
    assert RememberedDevices.load() == RememberedDevices()
    assert (folder / "devices.json.bad").read_bytes() == content
    assert not (folder / "devices.json").exists()


def test_fields_of_a_newer_version_are_ignored(folder: Path) -> None:
    folder.mkdir()
    (folder / "devices.json").write_text('{"input": "a", "gain_db": 3}')
    assert RememberedDevices.load().input == "a"


def test_a_failed_write_leaves_the_old_file_and_no_other(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    RememberedDevices(input="old").save()

    def no_space(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        RememberedDevices(input="new").save()
    monkeypatch.undo()
    monkeypatch.setenv(state.STATE_VARIABLE, str(folder))
    assert [path.name for path in folder.iterdir()] == ["devices.json"]
    assert RememberedDevices.load().input == "old"


def test_without_the_variable_the_folder_is_the_platforms(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(state.STATE_VARIABLE)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state.state_folder().name == "tui-assistant"


def test_keyboards_are_remembered_by_name_and_the_oldest_forgotten(folder: Path) -> None:
    keys = RememberedKeys()
    for number in range(MAX_TERMINALS + 5):
        keys = keys.with_terminal(f"term {number}", LearnedKeys(first_ms=500, median_ms=number, p95_ms=40))
    keys = keys.with_terminal("term 7", LearnedKeys(median_ms=99)).with_terminal("x" * 5_000, LearnedKeys(median_ms=1))
    keys.save()
    known = RememberedKeys.load()
    assert len(known.terminals) == MAX_TERMINALS
    assert known.of("term 5") == known.of("never seen") == LearnedKeys()
    assert known.of("term 7").median_ms == 99
    assert known.of("x" * 5_000).median_ms == 1
    assert max(map(len, known.terminals)) == MAX_NAME


@pytest.mark.parametrize("value", ["-1", "1e9", "NaN", '"fast"'])
def test_a_keyboard_without_sense_is_not_believed(folder: Path, value: str) -> None:
    folder.mkdir()
    (folder / "keys.json").write_text(f'{{"terminals": {{"xterm": {{"median_ms": {value}}}}}}}')
    assert RememberedKeys.load() == RememberedKeys()


def test_what_the_setup_found_is_kept_per_microphone() -> None:
    known = RememberedSetup(offered=2)
    for number in range(40):
        known = known.with_microphone(f"mic {number}", DeviceSetup(gain_db=number))
    known.save()
    loaded = RememberedSetup.load()
    assert loaded == known
    assert loaded.settled
    assert loaded.of("mic 39") == DeviceSetup(gain_db=39.0)
    assert loaded.of("mic 3") is None  # the oldest are forgotten
    assert len(loaded.microphones) == 32


def test_what_was_advised_is_kept_per_speaker() -> None:
    setup = DeviceSetup(gain_db=1.0)
    for number in range(12):
        setup = setup.with_speaker(f"speaker {number}", "headphones")
    setup = setup.with_speaker("speaker 7", "half-duplex")
    RememberedSetup().with_microphone("mic", setup).save()
    loaded = RememberedSetup.load().of("mic")
    assert loaded is not None
    assert [loaded.advice(f"speaker {number}") for number in (2, 7, 11)] == ["", "half-duplex", "headphones"]
    assert len(loaded.speakers) == 8


@pytest.mark.parametrize(
    "wrong",
    ['{"microphones": {"a": {"gain_db": 900}}}', '{"microphones": {"a": {"threshold": NaN}}}', '{"offered": -1}'],
)
def test_a_setup_with_impossible_values_is_put_aside(folder: Path, wrong: str) -> None:
    path = folder / "setup.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(wrong)
    assert RememberedSetup.load() == RememberedSetup()
    assert path.with_suffix(".json.bad").exists()


def test_in_a_home_that_nobody_knows_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*names: str, **options: object) -> Path:
        raise RuntimeError("could not determine the home directory")  # platformdirs, for a user id without a name

    monkeypatch.delenv(state.STATE_VARIABLE)
    monkeypatch.setattr(state, "user_state_path", unknown)
    assert RememberedDevices.load() == RememberedDevices()
    with pytest.raises(OSError, match="Not a directory"):
        RememberedDevices(input="x").save()
