"""Tuning as its user does it: in a terminal, on an utterance that was just heard, with the keyboard alone."""

from __future__ import annotations

import os
import re
import sys
import time
import tomllib
from pathlib import Path

import pytest
from sounds import command
from tmux import Terminal

OPENING_S = 0.4  # for a dialog to open, and for the terminal to see that an escape is alone


def press(terminal: Terminal, *keys: str) -> None:
    """One key after the other, as fingers do: tmux reads an escape and a key at once as alt and the key."""
    for key in keys:
        terminal.keys(key)
        time.sleep(OPENING_S)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("size", [pytest.param((120, 40), id="120x40"), pytest.param((80, 24), id="80x24")])
def test_a_preset_is_taken_and_saved_and_the_turn_explained_and_marked(tmp_path: Path, size: tuple[int, int]) -> None:
    clip, settings = command("what time is it", tmp_path / "time.wav"), tmp_path / "config.toml"
    settings.write_text("# mine\n[turn_detection]\nthreshold = 0.5  # as it came\n")
    env = {**os.environ, "TUI_ASSISTANT_STATE": str(tmp_path / "state"), "TUI_ASSISTANT_CONFIG": str(settings)}
    program = [sys.executable, "-m", "tui_assistant", "--input", str(clip), "--output", "none"]
    with Terminal(program, tmp_path, size=size, env=env) as terminal:
        terminal.wait(lambda screen: "what time is it" in screen and "out" in screen)  # its times are known

        press(terminal, "t", "n", "Down", "Enter")  # office
        terminal.wait_for("server_vad 0.60/500")
        press(terminal, "s")
        screen = terminal.wait_for("Save to config.toml?")
        assert "-threshold = 0.5" in screen
        assert "+threshold = 0.6" in screen
        assert tomllib.loads(settings.read_text())["turn_detection"]["threshold"] == 0.5, "not before it was seen"
        press(terminal, "Enter")
        terminal.wait_for("Saved")
        saved = tomllib.loads(settings.read_text())["turn_detection"]
        assert (saved["threshold"], saved["min_speech_ms"]) == (0.6, 96)
        assert settings.read_text().startswith("# mine\n")
        press(terminal, "u")
        terminal.wait_for("server_vad 0.50/500")

        press(terminal, "Escape", "j", "Home", "c")
        terminal.wait_for("[it cut me off]")
        press(terminal, "Enter")
        screen = terminal.wait_for("decided 64 ms later")
        assert "≥ threshold 0.50 for 64 ms" in screen
        assert "silence 512 ms ≥ 500 ms" in screen
        assert "it cut me off: raise silence_duration_ms" in screen
        assert re.findall(r"(\w+) +[█·]{9,} +\d+ ms ", screen) == ["vad", "asr", "think", "voice", "heard"]
        press(terminal, "Escape", "u", "Escape", "q")
        assert terminal.wait_status() == 0
