"""`serve` and `conformance`, as programs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROGRAM = [sys.executable, "-m", "tui_assistant"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "TUI_ASSISTANT_STATE": str(tmp_path / "state"),
        "TUI_ASSISTANT_CONFIG": str(tmp_path / "none.toml"),
    }


@pytest.fixture
def served(environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running `serve` and its URL."""
    process = subprocess.Popen(
        [*PROGRAM, "serve", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("listening on ws://127.0.0.1:"), line
    yield process, line.removeprefix("listening on ").strip()
    if process.poll() is None:
        process.kill()
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_ends_with_0_on_a_signal(served: tuple[subprocess.Popen[str], str], number: signal.Signals) -> None:
    process, _ = served
    process.send_signal(number)
    rest, errors = process.communicate(timeout=10)
    assert (process.returncode, rest, errors) == (0, "", "")


def test_conformance_of_our_own_server(served: tuple[subprocess.Popen[str], str], environment: dict[str, str]) -> None:
    _, url = served
    for _ in range(2):  # in the first run the models may still be loading, which no row has patience for
        run = subprocess.run(
            [*PROGRAM, "conformance", url, "--json"], capture_output=True, text=True, env=environment, check=False
        )
        rows = json.loads(run.stdout)
        if run.returncode == 0:
            break
        print(rows)
    assert [row for row in rows if row["answer"] != "yes"] == []
    assert (run.returncode, len(rows), run.stderr) == (0, 29, "")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["serve", "--host", "0.0.0.0"], 2, "a token is needed"),
        (["serve", "--token-file", "nowhere"], 2, "nowhere: cannot be read"),
        (["serve", "--port", "99999"], 2, "--port"),
        (["serve", "--token-file", "."], 2, ".: cannot be read: Is a directory"),
        (["conformance", "ws://127.0.0.1:1/v1/realtime"], 1, "ws://127.0.0.1:1/v1/realtime: Connection refused"),
        (["conformance", "nonsense"], 2, "cannot open nonsense"),
    ],
)
def test_what_cannot_be_is_one_clear_line(
    arguments: list[str], status: int, said: str, environment: dict[str, str]
) -> None:
    run = subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, env=environment, check=False)
    assert (run.returncode, run.stdout) == (status, "")
    assert said in run.stderr
    assert len(run.stderr.splitlines()) == 1
