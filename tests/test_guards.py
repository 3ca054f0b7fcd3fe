"""The guards over every test find what they are for: leaks.py and blocking.py, in a run of pytest of their own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tui_assistant import state

TESTS = Path(__file__).parent

LEAKY = """
import asyncio, gc, os, subprocess, sys, threading
import leaks, pytest
leaks.GRACE_S = 0.3
kept = []

def test_nothing(): pass

def test_what_ends_by_itself():
    threading.Thread(target=threading.Event().wait, args=(0.1,)).start()

def test_thread():
    threading.Thread(target=threading.Event().wait, args=(6,), name="stays", daemon=True).start()

def test_file(tmp_path):
    kept.append(open(tmp_path / "kept.txt", "w"))

def test_child():
    kept.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))

def test_task():
    async def main():
        kept.append(asyncio.create_task(forgotten()))
    async def forgotten():
        await asyncio.sleep(60)
    asyncio.run(main())

@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with open(tmp_path_factory.mktemp("shared") / "shared.txt", "w") as file:
        yield file

def test_what_a_wider_fixture_holds(shared): pass

def test_orphan():
    script = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(8)'])"
    subprocess.run([sys.executable, "-c", script])
"""

BLOCKING = """
import os
import blocking
from tui_assistant import state
blocking.TESTS = os.path.dirname(__file__)

def own_affair():
    return state.recordings_folder()

async def test_what_a_test_calls_itself():
    own_affair()

async def test_what_a_loop_calls():
    import asyncio
    asyncio.get_running_loop().call_soon(state.recordings_folder)
    await asyncio.sleep(0.05)

async def test_what_may_block():
    import asyncio
    asyncio.get_running_loop().call_soon(state.RememberedDevices().save)
    await asyncio.sleep(0.05)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="files and processes are read from /proc")
def test_leaks_and_blocking_calls_are_found(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{TESTS}:{TESTS.parent}")
    for name in ("CI", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)  # with one of them pytest says everything twice
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # takes a second
    monkeypatch.setenv("TUI_ASSISTANT_STATE", str(pytester.path / "state"))
    pytester.makepyfile(test_leaky=LEAKY, test_blocking=BLOCKING)
    plugins = [option for name in ("pytest_asyncio.plugin", "leaks", "blocking") for option in ("-p", name)]
    lines = pytester.runpytest_subprocess(*plugins, "-o", "asyncio_mode=auto", "-q", "-rA").outlines
    errors = {line.split("::")[1].split()[0] for line in lines if line.startswith("ERROR test_")}
    assert errors == {"test_thread", "test_file", "test_child", "test_task", "test_orphan", "test_what_a_loop_calls"}
    found = [line.strip() for line in lines if line.startswith("  ")]
    for beginning, count in (("thread stays", 1), ("file ", 2), ("task test_task.<locals>.forgotten", 1)):
        assert sum(line.startswith(beginning) for line in found) == count, found  # one file is the pipe of the child
    assert sum(line.startswith("process ") and "input()" in line for line in found) >= 1
    assert sum(line.startswith("process ") and "sleep(8)" in line for line in found) == 1
    assert any(line.startswith("os.mkdir in ") and f"{Path(state.__file__).name}:" in line for line in found)
