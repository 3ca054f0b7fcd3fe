"""Alive and ready are two questions: models load, break and die, and a server that ends takes nobody any more."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from tui_assistant.host.workers import Port, WorkerSpec
from tui_assistant.server.app import RealtimeServer, ServerOptions
from tui_assistant.server.board import Board, State
from tui_assistant.testing.server import scripted

LOADING, BROKEN, ENDING = (
    "the models are being loaded",
    "a model cannot be had; the log says which",
    "the server is ending",
)

SLOW = """
import pathlib, time
from tui_assistant.testing.models import responder as made

def responder(options):
    while not pathlib.Path(options["gate"]).exists():
        time.sleep(0.01)
    return made(options)
"""


async def get(server: RealtimeServer, path: str) -> tuple[int, str]:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(server.url.replace("ws://", "http://").replace("/v1/realtime", path))
    return answer.status_code, answer.text.strip()


async def becomes(server: RealtimeServer, wanted: tuple[int, str]) -> None:
    async with asyncio.timeout(60):
        while await get(server, "/readyz") != wanted:  # noqa: ASYNC110  # it is asked from outside
            await asyncio.sleep(0.02)


async def test_not_while_a_model_loads_and_not_while_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slow_models.py").write_text(SLOW)
    monkeypatch.syspath_prepend(str(tmp_path))
    options = {"gate": str(tmp_path / "open"), "lines": ["Hello to you. " * 10]}
    slow = WorkerSpec(Port.RESPONDER, "slow_models:responder", options)
    server = RealtimeServer(ServerOptions(port=0), scripted(["hello"], []) | {Port.RESPONDER: slow})
    async with server.running():
        assert await get(server, "/readyz") == (503, LOADING)
        assert await get(server, "/healthz") == (200, "ok")
        (tmp_path / "open").touch()
        await becomes(server, (200, "ready"))
        async with connect(server.url, proxy=None) as client, asyncio.timeout(60):
            await client.send('{"type":"response.create"}')
            while json.loads(await client.recv())["type"] != "response.created":
                pass
            await server.drain()
            assert await get(server, "/readyz") == (503, ENDING)
            assert await get(server, "/healthz") == (200, "ok")


async def test_not_with_a_model_that_cannot_be_had() -> None:
    broken = WorkerSpec(Port.RESPONDER, "worker_models:broken")
    server = RealtimeServer(ServerOptions(port=0), scripted(["hello"], []) | {Port.RESPONDER: broken})
    async with server.running():
        await becomes(server, (503, BROKEN))
        assert await get(server, "/healthz") == (200, "ok")


async def test_a_model_that_nobody_has_wanted_is_not_waited_for() -> None:
    lazy = {Port.JUDGE: WorkerSpec(Port.JUDGE, "worker_models:broken", lazy=True)}
    server = RealtimeServer(ServerOptions(port=0), lazy)
    async with server.running():
        assert await get(server, "/readyz") == (200, "ready")


@pytest.mark.parametrize(
    ("before", "now", "why"),
    [
        ((), (State.ABSENT, State.ABSENT), LOADING),
        ((), (State.READY, State.LOADING), LOADING),
        ((), (State.READY, State.BROKEN), BROKEN),
        ((), (State.READY, State.READY), ""),
        ((State.READY, State.READY), (State.READY, State.ABSENT), ""),  # it is started again
        ((State.READY, State.READY), (State.BROKEN, State.READY), ""),
        ((State.READY, State.READY), (State.LOADING, State.ABSENT), LOADING),
        ((State.READY, State.READY), (State.DRAINING, State.READY), ENDING),
    ],
)
def test_workers_answer_for_all(before: tuple[State, ...], now: tuple[State, ...], why: str) -> None:
    board = Board(2)
    for states in (before, now):
        for number, state in enumerate(states, 1):
            if state is State.ABSENT:
                board.forget(number)
            else:
                board.tell(board.slot(number), state)
    assert board.not_ready() == why


def test_who_drains_does_not_come_back() -> None:
    board = Board(1)
    for state in (State.READY, State.DRAINING, State.READY):
        board.tell(board.slot(1), state)
    assert board.not_ready() == ENDING
