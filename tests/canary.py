"""A key that must not be seen anywhere: the run fails when a log, an output or a file of a test holds it.

All tests of links use CANARY as their key. What each test prints and logs is looked through as soon as it is over; the
files below the tests' temporary folders at the end of the run, by each worker those of its own.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

CANARY = "sk-canary-9d41c0ffee5eed0123"
PIECE = 2**20  # bytes that are looked at at once
FOUND = pytest.StashKey[list[str]]()
OWN = ("websockets.server",)  # loggers of the servers in tests, which hear the key because it is sent to them


class _Ear(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith(OWN) and CANARY in self.format(record):
            self.heard.append(f"a log record of {record.name}")


_ear = _Ear()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FOUND] = []
    logging.getLogger().addHandler(_ear)


def pytest_unconfigure() -> None:
    logging.getLogger().removeHandler(_ear)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    places = [name for name, text in report.sections if CANARY in text] + _ear.heard
    _ear.heard = []
    if places:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: the key stands in {', '.join(places)}"
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    factory: Any = getattr(config, "_tmp_path_factory", None)
    base = getattr(factory, "_basetemp", None)  # None: no test has asked for a folder
    if base is not None and not _is_controller(config):
        config.stash[FOUND] += [str(path) for path in files_with(CANARY.encode(), Path(base))]
    if hasattr(config, "workeroutput"):
        config.workeroutput["canary"] = config.stash[FOUND]
    elif config.stash[FOUND]:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """In the controller of pytest-xdist: a worker has ended."""
    node.config.stash[FOUND] += getattr(node, "workeroutput", {}).get("canary", [])


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    for place in config.stash[FOUND]:
        terminalreporter.write_line(f"FAILED canary: the key stands in {place}", red=True)


def files_with(words: bytes, folder: Path) -> Iterator[Path]:
    """Those below `folder` that hold `words`; links are not followed."""
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not os.path.islink(os.path.join(parent, name))]
        for name in names:
            path = Path(parent, name)
            if path.is_file() and not path.is_symlink() and _holds(path, words):
                yield path


def _holds(path: Path, words: bytes) -> bool:
    before = b""
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                if words in before + piece:
                    return True
                before = piece[-len(words) :]
    except OSError:
        pass  # it is gone, or no test may read it: nobody else can
    return False


def _is_controller(config: pytest.Config) -> bool:
    return not hasattr(config, "workerinput") and getattr(config.option, "dist", "no") != "no"
