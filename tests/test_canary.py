"""The watch over the key sees it in what a test prints, logs and writes, with and without workers."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

LEAKS = {
    "prints": "def test(tmp_path): print('Bearer', CANARY)",
    "logs": "def test(): logging.getLogger('a.b').warning('key %s', CANARY)",
    "writes": "def test(tmp_path): (tmp_path / 'log').write_text(f'x{CANARY}')",
    "writes over a border": "def test(tmp_path): (tmp_path / 'log').write_text('x' * (2**20 - 5) + CANARY)",
}
CLEAN = "def test(tmp_path): (tmp_path / 'log').write_text(CANARY[:-1]); print(CANARY[1:])"


def run(program: str, *options: str) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as folder:  # not a folder of this run: it is looked through, too
        Path(folder, "test_leak.py").write_text(f"import logging\nfrom canary import CANARY\n{program}\n")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "canary", "-p", "no:cacheprovider", *options]
        path = os.pathsep.join([str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])])
        outside = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
        return subprocess.run(
            [*command, f"--basetemp={folder}/base", folder],
            env={**outside, "PYTHONPATH": path},
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=100,
        )


@pytest.mark.parametrize("leak", LEAKS)
def test_a_key_that_gets_out_fails_the_run(leak: str) -> None:
    done = run(LEAKS[leak])
    assert done.returncode == 1, done.stdout
    assert "the key stands in" in done.stdout


def test_with_workers(tmp_path: Path) -> None:
    done = run(LEAKS["writes"], "-n", "2")
    assert done.returncode == 1, done.stdout
    assert "the key stands in" in done.stdout


def test_what_holds_no_key_passes() -> None:
    done = run(CLEAN)
    assert done.returncode == 0, done.stdout
