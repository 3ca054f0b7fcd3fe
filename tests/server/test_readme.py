"""The programs of the README's section "Use it from other programs", as they stand there, against a real `serve`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui_assistant import TurnDetector

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
SECTION = "## Use it from other programs\n"
ADDRESS = "127.0.0.1:8771"  # what `serve` listens on when nothing is said; here it takes a free port
RATE = 16_000


def programs() -> dict[str, str]:
    """The section's Python blocks, by the package that each imports from."""
    _, found, rest = README.read_text(encoding="utf-8").partition(SECTION)
    assert found, f"{README.name} has no section {SECTION.strip()}"
    blocks = re.findall(r"```python\n(.*?)```", rest.partition("\n## ")[0], re.DOTALL)
    return {re.findall(r"^from (\w+)", block, re.MULTILINE)[0]: block for block in blocks}


def question() -> bytes:
    """The demo's third, what is twelve times four: int16 mono at RATE."""
    with wave.open(str(ROOT / "assets" / "demo.wav")) as file:
        assert file.getframerate() == RATE
        pcm = file.readframes(file.getnframes())
    events = TurnDetector(sample_rate=RATE).feed(pcm)
    begin, end = (2 * RATE * event.at_ms // 1000 for event in events[4:6])
    return pcm[begin - RATE : end]  # from half a second before the decision that somebody speaks


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Where a `serve` listens that nobody has configured."""
    state = {"TUI_ASSISTANT_STATE": str(tmp_path / "state"), "TUI_ASSISTANT_CONFIG": str(tmp_path / "none.toml")}
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        [sys.executable, "-m", "tui_assistant", "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        env={**os.environ, **state, "TUI_ASSISTANT_RESPONDER__CHAT": "off", "PYTHONPATH": path},
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    yield re.findall(r"ws://([\d.:]+)/", line)[0]
    process.terminate()
    assert process.wait(20) == 0


def run(program: str, address: str, folder: Path) -> str:
    assert ADDRESS in program
    (folder / "program.py").write_text(program.replace(ADDRESS, address))
    environment = {**os.environ, "no_proxy": "127.0.0.1", "OPENAI_AGENTS_DISABLE_TRACING": "1"}
    done = subprocess.run(
        [sys.executable, "program.py"],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_is_one_for_each_package() -> None:
    assert set(programs()) == {"openai", "agents", "dashscope"}
    for program in programs().values():
        assert len([line for line in program.splitlines() if line]) <= 14  # about ten, so that one reads it at once


@pytest.mark.parametrize("package", ["openai", "agents"])
def test_a_typed_question_is_answered(package: str, address: str, tmp_path: Path) -> None:
    assert run(programs()[package], address, tmp_path).strip() == "That is 56."


def test_a_recorded_question_is_heard_and_answered(address: str, tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "question.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(question())
    heard, answered = run(programs()["dashscope"], address, tmp_path).splitlines()
    assert heard.endswith("twelve times four")  # "what is" or "what does": the voice is no human one
    assert answered.strip() == "That is 48."
