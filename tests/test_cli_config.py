from __future__ import annotations

import os
import stat
import subprocess
import tomllib
from pathlib import Path

import pytest
from test_cli import home, lines, program

__all__ = ["home"]  # a fixture


@pytest.fixture
def file(home: Path) -> Path:
    return home / "config.toml"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return program("config", *arguments, **environment)


def test_path_and_show(file: Path) -> None:
    assert lines(run("path").stdout) == [str(file)]
    file.write_text("[voice]\nspeed = 1.25\n")
    result = run("show", TUI_ASSISTANT_VOICE__VOLUME="0.5")
    assert (result.returncode, result.stderr) == (0, b"")
    shown = tomllib.loads(result.stdout.decode())
    assert shown["mode"] == "hands-free"
    assert shown["voice"] == {"name": "default", "speed": 1.25, "volume": 0.5}
    assert f"# {file}" in next(line for line in lines(result.stdout) if line.startswith("speed"))
    assert "# TUI_ASSISTANT_VOICE__VOLUME" in next(line for line in lines(result.stdout) if line.startswith("volume"))


def test_a_name_that_is_no_text_comes_out_as_it_is(home: Path) -> None:
    name = os.fsencode(home) + b"/\xff.toml"
    result = run("path", TUI_ASSISTANT_CONFIG=os.fsdecode(name))
    assert (result.returncode, result.stdout, result.stderr) == (0, name + b"\n", b"")


def test_what_is_shown_can_be_read_back(file: Path) -> None:
    shown = run("show").stdout
    file.write_bytes(shown)
    assert [line.partition(" # ")[0].rstrip() for line in lines(run("show").stdout)] == lines(shown)


def test_tables_with_names_of_ones_own_are_shown_too(file: Path) -> None:
    text = (
        '[presets.kitchen]\nthreshold = 0.65\n\n[personas."my pirate"]\ninstructions = "Speak\\nlike one."\n\n'
        '[mcp.files]\ncommand = ["npx", "server"]\nconfirm = false\n'
    )
    file.write_text(text)
    shown = tomllib.loads(run("show").stdout.decode())
    assert {name: shown[name] for name in ("presets", "personas", "mcp")} == tomllib.loads(text)


def test_what_a_file_from_elsewhere_says_is_harmless(file: Path) -> None:
    file.write_text('[voice]\nname = "\\u009b31m\\u202e"\n\n[personas."\\u009b1m"]\n', encoding="utf-8")
    shown = run("show").stdout.decode()
    assert not {"\x1b", "\x9b", "\u202e"} & set(shown)
    assert "31m" in shown


def test_set_keeps_comments_and_order_and_makes_the_file_private(file: Path) -> None:
    file.write_text("# mine\n[voice]\nspeed = 1.25 # slow\n\n[audio]\nheadphones = false\n")
    for key, value in [
        ("turn_detection.silence_duration_ms", "700"),
        ("voice.speed", "1.5"),
        ("audio.headphones", "true"),
        ("mode", "push-to-talk"),
        ("audio.input", "-"),
    ]:
        result = run("set", key, value)
        assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    text = file.read_text()
    assert "# mine" in text
    assert "speed = 1.5 # slow" in text
    assert tomllib.loads(text) == {
        "mode": "push-to-talk",
        "voice": {"speed": 1.5},
        "audio": {"headphones": True, "input": "-"},
        "turn_detection": {"silence_duration_ms": 700},
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_refused_value_changes_nothing(file: Path) -> None:
    file.write_text("[voice]\nspeed = 1.25\n")
    result = run("set", "voice.speed", "9")
    assert result.returncode == 2
    assert "0.25 to 1.5" in lines(result.stderr)[0]
    assert file.read_text() == "[voice]\nspeed = 1.25\n"


def test_a_secret_in_place_of_its_variable_is_neither_written_nor_shown(file: Path) -> None:
    result = run("set", "responder.api_key_env", "sk-secret-123")
    assert result.returncode == 2
    assert b"secret" not in result.stderr
    assert not file.exists()


def test_set_mends_a_file_with_a_bad_value_and_names_the_next_one(file: Path) -> None:
    file.write_text("[voice]\nspeed = 9\nvolume = 9\n")
    result = run("set", "voice.speed", "1")
    assert result.returncode == 0
    assert "voice.volume = 9" in lines(result.stderr)[0]
    assert tomllib.loads(file.read_text())["voice"]["speed"] == 1


def test_set_says_when_a_variable_wins(file: Path) -> None:
    result = run("set", "voice.speed", "1", TUI_ASSISTANT_VOICE__SPEED="1.2")
    assert result.returncode == 0
    assert "TUI_ASSISTANT_VOICE__SPEED is set and wins" in lines(result.stderr)[0]


@pytest.mark.parametrize("text", ["[voice\n", "voice = 3\n"])
def test_set_does_not_touch_what_it_does_not_understand(file: Path, text: str) -> None:
    file.write_text(text)
    result = run("set", "voice.speed", "1")
    assert result.returncode == 2
    assert str(file) in lines(result.stderr)[0]
    assert file.read_text() == text


def test_edit_makes_the_file_runs_the_editor_and_checks(home: Path, file: Path) -> None:
    editor = home / "editor"
    editor.write_text('#!/bin/sh\necho "[voice]\nspeed = 9" >> "$1"\n')
    editor.chmod(0o755)
    result = run("edit", EDITOR=str(editor), VISUAL="")
    assert result.returncode == 2
    assert "voice.speed = 9" in lines(result.stderr)[0]
    assert file.read_text().startswith("# Settings of tui-assistant")


def test_show_reports_all_problems_one_a_line(file: Path) -> None:
    file.write_text("[voice]\nspeed = 9\nvolme = 1\n")
    result = run("show")
    assert (result.returncode, result.stdout) == (2, b"")
    assert len(lines(result.stderr)) == 2


def test_a_price_is_set_and_shown_in_its_own_table(file: Path) -> None:
    assert run("set", "link.prices.input_audio", "32").returncode == 0
    assert "[link.prices]" in file.read_text()
    shown = lines(run("show").stdout)
    assert "[link.prices]" in shown
    assert any(line.startswith("input_audio = 32.0") and str(file) in line for line in shown)
    assert "# output_audio is not set" in shown
