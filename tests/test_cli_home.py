"""The program where its home folder is not known, no folder, or read-only: it works, and keeps nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from test_cli import JFK, home, lines, program

from tui_assistant import config
from tui_assistant.config import CONFIG_VARIABLE
from tui_assistant.state import STATE_VARIABLE

__all__ = ["home"]  # a fixture


def test_without_a_home_the_defaults_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CONFIG_VARIABLE)
    monkeypatch.delenv(STATE_VARIABLE)
    # as for a user id without a name, in a container
    code = (
        "import os, pwd, sys; from tui_assistant.cli import main\n"
        "def unknown(number): raise KeyError(number)\n"
        "pwd.getpwuid = unknown; os.environ.pop('HOME')\n"
        "main(sys.argv[1:])"
    )

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, timeout=60, check=False
        )

    result = run("detect", JFK)
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout == program("detect", JFK).stdout
    result = run("config", "set", "voice.speed", "1")
    assert (result.returncode, result.stdout) == (1, b"")
    (line,) = lines(result.stderr)
    assert "cannot be written" in line


def test_a_home_that_is_no_folder_has_no_settings() -> None:
    result = program("config", "show", HOME="/dev/null", TUI_ASSISTANT_CONFIG="")
    assert (result.returncode, result.stderr) == (0, b"")


def test_the_home_of_nobody_is_one_line() -> None:
    with pytest.raises(config.ConfigError, match=r"^~nobody-here/a\.toml: there is no such home folder"):
        config.config_path("~nobody-here/a.toml")


def test_where_timers_cannot_be_kept_one_can_talk_all_the_same(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tui_assistant.commands.assistant import responder

    (home / "state").write_text("in the way")
    _, options = responder(config.load())
    assert "state_dir" not in str(options)
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{home / 'state'} cannot be written" in line
    assert STATE_VARIABLE in line


def test_where_no_log_can_be_kept_libraries_are_quiet_all_the_same(home: Path) -> None:
    (home / "state").write_text("in the way")
    code = (
        "import os; from tui_assistant.commands.logs import quiet_libraries, workers_log\n"
        "mode = os.stat(os.devnull).st_mode\n"
        "with quiet_libraries() as log: os.write(2, b'ALSA lib'); print(log, workers_log())\n"
        "assert os.stat(os.devnull).st_mode == mode"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"None None\n", b"")
