"""Finds blocking calls on the event loops of the server, the conversation and the screen, in every test.

blockbuster knows what may block (files, sockets, locks, sleeps) and when it does not. A call is noted if a loop runs on
its thread and our package makes it, above the loop; it is then let through, and the test fails when it is over: an
exception would be caught somewhere. What a test calls synchronously from a coroutine of its own is the test's affair.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import tui_assistant

try:
    from blockbuster import BlockBuster
except ImportError:  # an environment without the extra `test`; test_blocking.py fails there
    BlockBuster = None

OURS, TESTS = f"{Path(tui_assistant.__file__).parent}/", f"{Path(__file__).parent}/"
LOOP = ("asyncio/events.py", "_run")  # the frame below whatever a loop runs

_RECORDING = "at once, so that it survives kill -9: 20 us into the page cache; the microphone's ring bears 10 s"
_REMEMBERED = "some hundred bytes in the user's own folder, when a conversation begins or ends, or something is chosen"
# Where our package may block a loop, by file and function, with the reason. Whatever these call is let through.
ALLOWED: dict[tuple[str, str], str] = {
    ("runtime/recording.py", "_write"): _RECORDING,
    ("runtime/recording.py", "toggle"): _RECORDING,
    ("runtime/recording.py", "close"): _RECORDING,
    ("runtime/minutes.py", "save"): "some kilobytes, when the user asks for the file",
    ("state.py", "load"): _REMEMBERED,
    ("state.py", "save"): _REMEMBERED,
    ("audio/files.py", "load_recording"): "the demo: 2 ms, when its key is pressed",
    ("models/detectors/silero.py", "_load"): "once, when the first session begins: nobody else is there yet",
    (
        "host/worker_process.py",
        "_open_log",
    ): "opens a file before a process is started, which takes much longer",
    **{
        ("models/tools/mcp_servers.py", function): "the library's imports and certificates, once, in a model's process"
        for function in ("_keep", "_list", "_call")
    },
    ("commands/conformance.py", "_verdicts"): "on a loop of its own, before anything else runs there",
}
# The same for the library: a line of a log, rarely; what reads it has to stand still for 64 KiB before it blocks.
LOGGING = ("logging/__init__.py", "emit")


class Watch:
    """The plugin."""

    def __init__(self) -> None:
        self.noted: list[str] = []

    def activate(self) -> None:
        buster = BlockBuster()
        for name, function in buster.functions.items():
            passes = functools.partial(self._passes, name, function.can_block_functions, function.can_block_predicate)
            function.can_block_predicate = passes
        buster.activate()

    def _passes(
        self, name: str, can_block: list[tuple[str, Any]], harmless: Callable[..., bool], *args: Any, **kwargs: Any
    ) -> bool:
        """blockbuster's question whether a call may be made: always, but it may be noted. Asked only under a loop."""
        if not harmless(*args, **kwargs):
            stack = list(_above_the_loop(sys._getframe(2)))
            if _is_ours(stack) and not _is_allowed(stack, can_block):
                where = " < ".join(f"{_short(frame)}:{frame.f_lineno} {frame.f_code.co_name}" for frame in stack[:12])
                self.noted.append(f"{name} in {where}")
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None]:
        result = yield
        noted, self.noted = list(dict.fromkeys(self.noted)), []
        if noted:
            pytest.fail("blocking calls on an event loop:\n  " + "\n  ".join(noted), pytrace=False)
        return result


def _above_the_loop(frame: FrameType | None) -> Iterator[FrameType]:
    """The frames between a call and the loop, the innermost first."""
    while frame is not None and not (frame.f_code.co_name == LOOP[1] and frame.f_code.co_filename.endswith(LOOP[0])):
        yield frame
        frame = frame.f_back


def _is_ours(stack: list[FrameType]) -> bool:
    """Whether our package calls, and not a test by a plain function: what a test awaits runs as it does for users."""
    ours = False
    callee: FrameType | None = None
    for frame in stack:
        name = frame.f_code.co_filename
        if name.startswith(TESTS):
            return ours and callee is not None and bool(callee.f_code.co_flags & inspect.CO_COROUTINE)
        ours = ours or name.startswith(OURS)
        callee = frame
    return ours


def _is_allowed(stack: list[FrameType], can_block: list[tuple[str, Any]]) -> bool:
    for frame in stack:
        name, function = frame.f_code.co_filename, frame.f_code.co_name
        if name.startswith(OURS) and (name.removeprefix(OURS), function) in ALLOWED:
            return True
        if name.endswith(LOGGING[0]) and function == LOGGING[1]:
            return True
        if any(name.endswith(file) and function in functions for file, functions in can_block):
            return True
    return False


def _short(frame: FrameType) -> str:
    name = frame.f_code.co_filename
    return name.removeprefix(OURS) if name.startswith(OURS) else "/".join(Path(name).parts[-2:])


def pytest_configure(config: pytest.Config) -> None:
    watch = Watch()
    if BlockBuster is not None:
        watch.activate()
        config.pluginmanager.register(watch, "blocking-calls")


def pytest_report_header() -> str | None:
    missing = "blockbuster is not installed (pip install '.[test]'): nobody looks for blocking calls on the loops"
    return missing if BlockBuster is None else None
