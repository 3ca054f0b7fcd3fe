"""What CONTRIBUTING.md shows is what is tried here."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tui_assistant.cli import cli
from tui_assistant.commands import assistant
from tui_assistant.config import Flag

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.mark.parametrize("name", ["crossings.py", "test_crossings.py", "balance.py"])
def test_the_programs_are_those_of_this_folder(name: str) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    shown = [dedent(block).strip() for block in re.findall(r"^ *```python\n(.*?)^ *```$", text, re.S | re.M)]
    assert (HERE / name).read_text(encoding="utf-8").strip() in shown


def test_the_detector_is_used_by_its_path() -> None:
    command = [sys.executable, "-m", "tui_assistant", "detect", "assets/demo.wav", "--vad", "crossings:create"]
    ran = subprocess.run(
        command, cwd=ROOT, env={"PYTHONPATH": f"{ROOT}:{HERE}"}, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.stderr == ""
    turns = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(turns) >= 6
    assert {turn["type"] for turn in turns} == {
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
    }


@pytest.mark.parametrize(
    "line", re.findall(r"`tui-assistant (--vad [^`]*)`", (ROOT / "CONTRIBUTING.md").read_text("utf-8"))
)
def test_one_can_talk_to_it(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    flags: list[dict[str, Flag]] = []
    monkeypatch.setattr(assistant, "run", lambda given, config, options: flags.append(given))
    cli.main(line.split(), standalone_mode=False)
    assert [flag["models.detector"].value for flag in flags] == ["crossings:create"]


def test_every_file_that_is_named_is_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = sorted(set(re.findall(r"\b[a-z_]+(?:/[a-z_]+)+\.py\b", text)))
    assert len(named) > 15
    assert [
        name for name in named if not (ROOT / name).is_file() and not (ROOT / "tui_assistant" / name).is_file()
    ] == []
