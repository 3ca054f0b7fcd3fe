"""`serve --max-sessions`, as a program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

PROGRAM = [sys.executable, "-m", "tui_assistant", "serve", "--port", "0"]


def test_one_session_more_is_turned_away(tmp_path: Path) -> None:
    environment = {**os.environ, "TUI_ASSISTANT_STATE": str(tmp_path), "TUI_ASSISTANT_CONFIG": str(tmp_path / "none")}
    process = subprocess.Popen([*PROGRAM, "--max-sessions", "2"], stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("listening on ").strip()
        with connect(url, proxy=None) as first, connect(url, proxy=None) as second:
            assert "session.created" in str(first.recv(10))
            assert "session.created" in str(second.recv(10))
            with pytest.raises(InvalidStatus) as refused:
                connect(url, proxy=None)
        assert refused.value.response.status_code == 503
    finally:
        process.terminate()
        process.wait(10)


def test_none_at_all_is_no_server() -> None:
    run = subprocess.run([*PROGRAM, "--max-sessions", "0"], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (2, "")
    assert "--max-sessions" in run.stderr
