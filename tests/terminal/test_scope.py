"""The what-if while a recording plays: in a terminal, by the keys of its user, with the numbers that `detect` finds."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from heard import samples
from sounds import write
from tmux import Terminal

from tui_assistant import ServerVad, TurnDetector

BEFORE_MS, AFTER_MS = 300, 1_200
SECONDS = len(samples()) / 16_000


def turns_in_the_recording(silence_duration_ms: int) -> int:
    detector = TurnDetector(ServerVad(silence_duration_ms=silence_duration_ms))
    events = [*detector.feed(samples().tobytes()), *detector.flush()]
    return sum(each.type.endswith("started") for each in events)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("size", [pytest.param((120, 40), id="120x40"), pytest.param((80, 24), id="80x24")])
def test_a_longer_silence_is_seen_as_lanes_and_words_while_the_recording_plays(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    recording = write(tmp_path / "heard.wav", samples(), 16_000)
    folders = {"TUI_ASSISTANT_STATE": str(tmp_path / "state"), "TUI_ASSISTANT_CONFIG": str(tmp_path / "none.toml")}
    command = ["--input", str(recording), "--output", "none", "--silence-duration-ms", str(BEFORE_MS)]
    with Terminal(
        [sys.executable, "-m", "tui_assistant", *command], tmp_path, size=size, env={**os.environ, **folders}
    ) as terminal:
        terminal.wait_for("▌you")
        terminal.keys("t")
        terminal.wait_for("change a value, and compare")
        terminal.keys("Down")
        terminal.wait_for("▸ silence_duration_ms")
        terminal.type(str(AFTER_MS))
        terminal.keys("Enter")
        screen = terminal.wait_for("joined")
        assert re.search(rf"before .*┃.* {BEFORE_MS}\b", screen)
        assert re.search(rf"after .*╳.* {AFTER_MS}\b", screen)
        assert re.search(r"\d turns joined at \d+\.\d", screen)

        # all of it has been heard: the lanes have as many turns as `detect` finds with either value
        numbers = f"{turns_in_the_recording(BEFORE_MS)} → {turns_in_the_recording(AFTER_MS)} turns"
        terminal.wait_for(numbers, SECONDS + 15)

        terminal.keys("p")
        terminal.wait_for("paused")
        terminal.keys("Up", "Up")
        screen = terminal.wait_for("  speech")
        assert re.search(r"here +\d+\.\d\d s  p [01]\.\d\d +-\d+ dBFS", screen)
        assert "▲" in screen
        terminal.keys("p")
        terminal.wait(lambda screen: "paused" not in screen)
        terminal.keys("q")
        assert terminal.wait_status() == 0
