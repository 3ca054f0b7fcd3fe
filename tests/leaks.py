"""A guard over every test: the tasks, threads, file descriptors and child processes after it are those before it.

What a fixture of a wider scope holds is taken as its own until it is finalised. What ends by itself is given GRACE_S:
a thread that has been told to stop, a child that has been killed. At the end of each file no process that its tests
started may be left, also not one whose parent has died (it is known by a variable of its environment).
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import re
import threading
import time
from asyncio import base_events, runners
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

GRACE_S = 5.0  # for what has been told to end, on a busy machine
GARBAGE_S = 0.03  # then what only the garbage collector frees is collected, once: it takes as long as some tests
STEP_S = 0.005
SETTLE_S = 0.5  # for the tasks of a loop that ends
OURS = "LEAK_GUARD"  # our number, in the environment of whatever a test starts
OWN_FILES, OWN_TASKS, PROCESSES = Path("/proc/self/fd"), Path("/proc/self/task"), Path("/proc")  # on Linux only

# What libraries keep, as (beginning of the test's id, pattern of what is kept), with the reason.
KEPT: dict[tuple[str, str], str] = {
    ("tests/", r"process \d+ .*(multiprocessing|loky\.backend)\.resource_tracker"): (
        "multiprocessing's tracker of shared memory stays, once it is needed, until the process ends"
    ),
    ("tests/", r"file \d+ .*/onnxruntime\.db"): "onnxruntime keeps a database of its own open once it is loaded",
    ("tests/", r"process \d+ .*popen_loky_posix"): "joblib keeps its workers for the next call",
    (
        "tests/commands/test_parallel.py",
        r"file \d+ pipe:|thread .*(ExecutorManager|QueueFeeder)",
    ): "to joblib's workers",
    ("tests/server/test_dashscope.py", r"thread .*\(run_forever\)|file \d+ anon_inode:\[eventpoll\]"): (
        "websocket-client waits in select for up to 10 s on the socket that dashscope's close() has closed under it"
    ),
}


@dataclass(frozen=True, slots=True)
class Held:
    """What this process holds at one moment."""

    threads: frozenset[threading.Thread] = frozenset()
    files: frozenset[tuple[int, str]] = frozenset()  # number and what it stands for: numbers are used again
    children: frozenset[int] = frozenset()

    def beyond(self, *others: Held) -> list[str]:
        """What is here and in none of the others, described."""
        threads = self.threads.difference(*(other.threads for other in others))
        files = self.files.difference(*(other.files for other in others))
        children = self.children.difference(*(other.children for other in others))
        return [
            *(f"thread {thread.name}" for thread in threads if thread.is_alive()),
            *(f"file {number} {target}" for number, target in sorted(files)),
            *(f"process {pid} {_command(pid)}" for pid in sorted(children)),
        ]


def held() -> Held:
    return Held(frozenset(threading.enumerate()), frozenset(_without_own_pipes(_files())), frozenset(_children()))


def _without_own_pipes(files: Iterator[tuple[int, str]]) -> list[tuple[int, str]]:
    """Without pipes whose two ends are ours: a sound library's way to wake its thread. A child's has one end there."""
    every = list(files)
    ends = Counter(target for _, target in every if target.startswith("pipe:"))
    return [(number, target) for number, target in every if ends[target] < 2]


def _files() -> Iterator[tuple[int, str]]:
    try:
        names = os.listdir(OWN_FILES)
    except FileNotFoundError:
        return
    for name in names:
        with contextlib.suppress(FileNotFoundError):  # of the listing itself
            yield int(name), os.readlink(f"{OWN_FILES}/{name}")


def _children() -> Iterator[int]:
    try:
        tasks = os.listdir(OWN_TASKS)
    except FileNotFoundError:
        return
    for task in tasks:
        with contextlib.suppress(FileNotFoundError), open(f"{OWN_TASKS}/{task}/children", "rb") as file:
            yield from map(int, file.read().split())


def _command(pid: int) -> str:
    try:
        return (PROCESSES / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:200]
    except OSError:
        return "(ended, but nobody has asked how)"


def orphans(mark: str) -> list[str]:
    """Processes with `mark` in their environment, but ourselves."""
    wanted = f"{OURS}={mark}".encode()
    found = []
    for name in os.listdir(PROCESSES) if PROCESSES.exists() else ():
        with contextlib.suppress(OSError):  # ended meanwhile, or another user's
            if name.isdigit() and wanted in (PROCESSES / name / "environ").read_bytes().split(b"\0"):
                found.append(f"process {name} {_command(int(name))}")
    return found


@dataclass(slots=True, eq=False)
class Guard:
    """The plugin."""

    mark: str
    before: Held = field(default_factory=Held)
    tasks: list[str] = field(default_factory=list)  # that still ran when their loop was ended
    failed: bool = False  # the test itself: its traceback holds what it had, and it has said enough
    told: set[str] = field(default_factory=set)  # orphans
    shared: dict[int, Held] = field(default_factory=dict)  # what fixtures of a wider scope hold, by their id
    known: set[int] = field(default_factory=set)  # children of earlier tests: the kernel's list may leave some out

    def pytest_collection_finish(self) -> None:
        """What thousands of collected tests are made of stays: the collector, ours too, need not look at it again."""
        gc.collect()
        gc.freeze()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None]:
        self.tasks.clear()
        self.failed = False
        self.before = held()
        self.known |= self.before.children
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None]:
        result = yield
        if self.failed:
            return result
        kept = [re.compile(pattern) for (test, pattern) in KEPT if item.nodeid.startswith(test)]
        earlier = Held(children=frozenset(self.known))
        left = _gone(lambda: held().beyond(self.before, earlier, *self.shared.values()), kept)
        if nextitem is None or nextitem.path != item.path:
            found = _gone(lambda: [orphan for orphan in orphans(self.mark) if orphan not in self.told], kept)
            self.told.update(found)  # once: it is not the next file's
            left += found
        left += [f"task {task}" for task in self.tasks]
        if left:
            pytest.fail("left behind:\n  " + "\n  ".join(left), pytrace=False)
        return result

    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        self.failed = self.failed or call.excinfo is not None

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        if fixturedef.scope == "function":
            return (yield)
        before = held()
        result = yield
        now = held()
        self.shared[id(fixturedef)] = Held(
            now.threads - before.threads, now.files - before.files, now.children - before.children
        )
        return result

    def pytest_fixture_post_finalizer(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        self.shared.pop(id(fixturedef), None)

    def watch_loops(self) -> None:
        """Notes the tasks that an event loop's end finds still running: it cancels them, and nobody knows."""
        cancel_all, close = runners._cancel_all_tasks, base_events.BaseEventLoop.close

        def note(loop: asyncio.AbstractEventLoop) -> None:
            # A generator that the garbage collector finds is closed by a task that nobody could have waited for.
            names = [_described(task) for task in asyncio.all_tasks(loop)]
            self.tasks.extend(name for name in names if not name.startswith("<async_generator_athrow"))

        def noted_cancel(loop: asyncio.AbstractEventLoop) -> None:
            loop.run_until_complete(_settled())
            note(loop)
            cancel_all(loop)

        def noted_close(loop: base_events.BaseEventLoop) -> None:
            note(loop)
            close(loop)

        runners._cancel_all_tasks = noted_cancel
        base_events.BaseEventLoop.close = noted_close  # type: ignore[method-assign]


def _gone(look: Callable[[], list[str]], kept: Sequence[re.Pattern[str]]) -> list[str]:
    """What `look` still finds when GRACE_S have passed, without what may be kept."""
    began, collected = time.monotonic(), False
    while left := [what for what in look() if not any(pattern.match(what) for pattern in kept)]:
        waited = time.monotonic() - began
        if waited > GRACE_S:
            return left
        if waited > GARBAGE_S and not collected:
            collected = True
            gc.collect()
        time.sleep(STEP_S)
    return []


async def _settled() -> None:
    """Lets tasks end that are about to: their peers have gone."""
    until = time.monotonic() + SETTLE_S
    while (left := asyncio.all_tasks() - {asyncio.current_task()}) and time.monotonic() < until:
        await asyncio.wait(left, timeout=SETTLE_S / 10)


def _described(task: asyncio.Task[Any]) -> str:
    coroutine: Any = task.get_coro()
    code = getattr(coroutine, "cr_code", None)
    where = f" ({code.co_filename}:{code.co_firstlineno})" if code is not None else ""
    return f"{getattr(coroutine, '__qualname__', coroutine)}{where}"


def pytest_configure(config: pytest.Config) -> None:
    os.environ[OURS] = mark = str(os.getpid())
    guard = Guard(mark)
    guard.watch_loops()
    config.pluginmanager.register(guard, "leak-guard")
