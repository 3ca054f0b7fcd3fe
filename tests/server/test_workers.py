"""`serve --workers`: several processes on one port that look like one server, while they serve, die and end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from serve_program import Program, ask, gone, to_the_end
from serve_program import running as started
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tui_assistant.errors import UnavailableError
from tui_assistant.server.app import ServerOptions
from tui_assistant.server.supervisor import Supervisor
from tui_assistant.testing.server import scripted

WORKERS = ("--workers", "2", "--metrics", "--log-format", "json")
LIMIT = 8


@contextmanager
def running(folder: Path, *options: str, **variables: str) -> Iterator[Program]:
    """With models that are loaded at once."""
    quick = {"TUI_ASSISTANT_MODELS__RECOGNISER": "tui_assistant.testing.models:recogniser"}
    with started(folder, *options, **quick, **variables) as made:
        yield made


def figure(program: Program, name: str) -> float:
    text = get(program, "/metrics").text
    return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith(f"tui_assistant_{name}"))


def get(program: Program, path: str) -> httpx.Response:
    return httpx.get(program.http(path), trust_env=False, timeout=60)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not await asyncio.to_thread(holds):  # noqa: ASYNC110  # a program is looked at from outside
            await asyncio.sleep(0.05)


def logged(program: Program) -> list[dict[str, Any]]:
    return [json.loads(line) for line in program.errors.read_text().splitlines()]


async def forever(client: ClientConnection) -> None:
    async with asyncio.timeout(60):
        while True:
            await client.recv()


def served_by(program: Program) -> dict[str, int]:
    """Which worker has which session."""
    return {line["session"]: line["worker"] for line in logged(program) if line["message"] == "a session has begun"}


@asynccontextmanager
async def sessions(program: Program, count: int) -> AsyncIterator[list[tuple[ClientConnection, int]]]:
    """Open ones, with the number of the worker that has each."""
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connect(program.url, proxy=None)) for _ in range(count)]
        names = [json.loads(await client.recv())["session"]["id"] for client in clients]
        await until(lambda: set(names) <= set(served_by(program)))
        placed = served_by(program)
        yield [(client, placed[name]) for client, name in zip(clients, names, strict=True)]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    # One that says nothing by itself: a client with many unread events would take 10 s to close.
    silent = {"TUI_ASSISTANT_MODELS__RESPONDER": "tui_assistant.testing.models:responder"}
    with running(tmp_path_factory.mktemp("workers"), *WORKERS, "--max-sessions", str(LIMIT), **silent) as program:
        yield program


async def test_the_limit_and_the_figures_are_those_of_all(program: Program) -> None:
    await until(lambda: get(program, "/readyz").status_code == 200)
    before = figure(program, "sessions_total")
    async with sessions(program, LIMIT):
        for _ in range(4):  # whichever worker is asked
            with pytest.raises(InvalidHandshake, match="503"):
                await connect(program.url, proxy=None)
            assert await asyncio.to_thread(figure, program, "sessions_open") == LIMIT
    await until(lambda: figure(program, "sessions_open") == 0)
    assert figure(program, "sessions_total") == before + LIMIT


async def test_both_have_sessions_and_one_that_is_killed_is_started_again(program: Program) -> None:
    placed: list[tuple[ClientConnection, int]] = []
    async with AsyncExitStack() as stack:
        while {number for _, number in placed} != {1, 2}:  # with LIMIT sessions once in 128 times all go to one
            await stack.aclose()
            placed = await stack.enter_async_context(sessions(program, LIMIT))
        victims = [client for client, number in placed if number == 1]
        others = [client for client, number in placed if number == 2]
        pids = program.workers()
        # the first to be started has number 1, unless it was started again
        os.kill(pids[0], signal.SIGKILL)
        for client in victims:
            with pytest.raises(ConnectionClosed):
                await forever(client)
        await others[0].send("{")
        while json.loads(await others[0].recv())["type"] != "error":
            pass
        said = "a worker has ended and is started again"
        await until(lambda: any(line["message"] == said for line in logged(program)))
        await until(lambda: figure(program, "sessions_open") == len(others))
    (line,) = [line for line in logged(program) if line["message"] == said]
    assert (line["level"], line["worker"], line["how"], line["wait_s"]) == ("warning", 1, "SIGKILL", 0.5)
    assert figure(program, "worker_restarts_total") == 1
    await until(lambda: len(program.workers()) == 2 and pids[0] not in program.workers())
    await until(lambda: get(program, "/readyz").status_code == 200)


async def test_a_signal_drains_all(tmp_path: Path) -> None:
    with running(tmp_path, *WORKERS) as program:
        async with sessions(program, 4) as placed:
            pids = program.everybody()
            ending = asyncio.create_task(asyncio.to_thread(program.end, signal.SIGTERM))
            codes = [(await to_the_end(client))[1] for client, _ in placed]
            status, rest, *_ = await ending
    assert (status, rest, codes) == (0, "", [1001] * 4)
    assert len(pids) == 2 * 4  # each worker and its three models
    assert all(map(gone, pids))
    assert sorted(line["worker"] for line in logged(program) if line["message"] == "draining") == [1, 2]


@pytest.mark.parametrize("options", [WORKERS, WORKERS[2:]])
async def test_a_second_signal_does_not_wait(tmp_path: Path, options: tuple[str, ...]) -> None:
    """With an answer that never ends the first alone takes DRAIN_S."""
    with running(tmp_path, *options) as program:
        async with connect(program.url, proxy=None) as client:
            await ask(client, "endless")
            pids = program.everybody()
            program.process.send_signal(signal.SIGINT)
            await until(lambda: any(line["message"] == "draining" for line in logged(program)))
            status, *_ = await asyncio.to_thread(program.end, signal.SIGINT)
            with pytest.raises(ConnectionClosed) as closed:
                await forever(client)
    assert status == 128 + signal.SIGINT
    assert closed.value.rcvd is None  # no goodbye
    assert all(map(gone, pids))


async def test_workers_do_not_outlive_their_parent(tmp_path: Path) -> None:
    with running(tmp_path, *WORKERS) as program:
        pids = program.everybody()
        program.process.kill()
        await until(lambda: all(map(gone, pids)))


def test_an_address_that_is_taken_is_said_once(tmp_path: Path, program: Program) -> None:
    """Although the system would let two servers of one user share it."""
    with running(tmp_path, "--workers", "2", "--port", program.http("").rsplit(":", 1)[1]) as second:
        _, errors = second.process.communicate(timeout=60)
    assert (second.process.returncode, second.first_line) == (1, "")
    assert len(second.errors.read_text().splitlines()) == 1
    assert "cannot listen on 127.0.0.1" in second.errors.read_text()
    assert errors is None


# ---------------------------------------------------------------------------------------------------- the parent


async def test_one_socket_for_all_where_the_system_does_not_spread(capfd: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-m", "tui_assistant.commands.serve_worker"]
    options = ServerOptions(port=0, token="s3cret", allow_origins=frozenset({"https://app.example"}), metrics=True)
    supervisor = Supervisor(options, scripted(["hello"], ["Hello."]), 2, command, spreads=False)
    headers = {"Authorization": "Bearer s3cret", "Origin": "https://app.example"}
    async with supervisor.running(), asyncio.timeout(60):
        assert set(supervisor.pids) == {1, 2}
        for _ in range(4):
            async with connect(supervisor.url, additional_headers=headers, proxy=None) as client:
                assert json.loads(await client.recv())["type"] == "session.created"
        with pytest.raises(InvalidHandshake, match="401"):
            await connect(supervisor.url, proxy=None)
        pids = list(supervisor.pids.values())
    assert supervisor.status == 0
    assert all(map(gone, pids))
    assert capfd.readouterr() == ("", "")


async def test_workers_that_cannot_be_started_end_it_with_a_reason() -> None:
    command = [sys.executable, "-c", "import sys; sys.exit(7)"]
    supervisor = Supervisor(ServerOptions(port=0), {}, 2, command)
    with pytest.raises(UnavailableError, match=r"worker \d ended \(status 7\) before it listened"):
        async with supervisor.running():
            raise AssertionError("it was started")


STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
sys.stdout.write("listening\\n"); sys.stdout.flush()
time.sleep(600)
"""


async def test_who_does_not_end_is_killed_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui_assistant.server.supervisor.END_S", 0.2)
    supervisor = Supervisor(ServerOptions(port=0), {}, 2, [sys.executable, "-c", STUBBORN])
    async with supervisor.running():
        pids = list(supervisor.pids.values())
    assert supervisor.status == 1
    assert all(map(gone, pids))


SHORT_LIVED = """
import sys
sys.stdout.write("listening\\n"); sys.stdout.flush()
sys.stdin.readline()
"""


async def test_each_restart_waits_longer(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("tui_assistant.server.supervisor.FIRST_WAIT_S", 0.01)
    monkeypatch.setattr("tui_assistant.server.supervisor.LONGEST_WAIT_S", 0.05)
    supervisor = Supervisor(ServerOptions(port=0), {}, 1, [sys.executable, "-c", SHORT_LIVED])
    async with supervisor.running(), asyncio.timeout(60):
        while len(waits := [record.fields["wait_s"] for record in caplog.records]) < 5:  # noqa: ASYNC110  # a log
            await asyncio.sleep(0.01)
    assert waits[:5] == [0.01, 0.02, 0.04, 0.05, 0.05]
