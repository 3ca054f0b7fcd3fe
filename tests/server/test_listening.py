"""The sockets of the port, and what a worker is told of them."""

from __future__ import annotations

import contextlib
import socket
from collections import Counter
from pathlib import Path

import pytest

from tui_assistant.errors import UnavailableError
from tui_assistant.host.workers import Port, WorkerSpec
from tui_assistant.server import worker
from tui_assistant.server.app import ServerOptions
from tui_assistant.server.board import Board
from tui_assistant.server.listening import SPREADS, Place, bind, close
from tui_assistant.server.metrics import SESSIONS_OPEN


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "[::1]", "localhost"])
def test_all_addresses_of_a_name_have_one_port(host: str) -> None:
    sockets = bind(host, 0)
    assert len({each.getsockname()[1] for each in sockets}) == 1
    assert 0 < len(sockets) <= 2
    close(sockets)


@pytest.mark.parametrize(
    ("host", "why"), [("192.0.2.1", "Cannot assign"), ("no such name", ".*check --host"), ("a" * 300, ""), ("a..b", "")]
)
def test_what_is_no_address_of_ours_is_said(host: str, why: str) -> None:
    with pytest.raises(UnavailableError, match=f"cannot listen on {host}:8771: {why}"):
        bind(host, 8771)


@pytest.mark.parametrize("spreads", [True, False] if SPREADS else [False])
def test_the_port_of_another_is_not_shared(spreads: bool) -> None:
    place = Place("127.0.0.1", 0, spreads=spreads)
    one = place.for_worker()
    one[0].listen()
    for shares in {spreads, False}:
        with pytest.raises(UnavailableError, match="in use"):
            Place("127.0.0.1", place.port, spreads=shares)
    close(one)
    place.close()


@pytest.mark.parametrize("spreads", [True, False] if SPREADS else [False])
def test_every_worker_gets_connections(spreads: bool) -> None:
    place = Place("127.0.0.1", 0, spreads=spreads)
    workers = [place.for_worker()[0] for _ in range(2)]
    for each in workers:
        each.listen()
    clients = [socket.create_connection(("127.0.0.1", place.port)) for _ in range(40)]
    got: Counter[int] = Counter()
    for number, each in enumerate(workers if spreads else workers[:1]):
        each.setblocking(True)
        each.settimeout(0.5)
        with contextlib.suppress(TimeoutError):
            while True:
                each.accept()[0].close()
                got[number] += 1
    assert got.total() == 40
    assert len(got) == (2 if spreads else 1)  # once in 10 ** 12 all 40 go to one
    close([*clients, *workers])
    place.close()


def test_a_worker_understands_its_order() -> None:
    options = ServerOptions(
        port=0, token='s3"cret\n', allow_hosts=frozenset({"b", "a"}), allow_origins=frozenset({"https://x"}),
        log=Path("x") / "y", max_sessions=7, metrics=True,
    )  # fmt: skip
    specs = {Port.JUDGE: WorkerSpec(Port.JUDGE, "words", {"a": [1]}, lazy=True, instead=("x", "y"))}
    line = worker.order(options, specs, number=2, workers=3, board=5, sockets=[6, 7], log="json")
    assert line.count(b"\n") == 1
    assert worker.parse(line) == (
        options, specs, {"number": 2, "workers": 3, "board": 5, "sockets": [6, 7], "log": "json"},
    )  # fmt: skip


def test_the_limit_holds_over_boards_that_share_memory() -> None:
    """Two views of one memory, as two processes have it."""
    parent = Board.shared(2)
    assert parent.descriptor is not None
    boards = [Board(2, parent.descriptor) for _ in range(2)]
    let_in = [boards[turn % 2].enter(boards[turn % 2].slot(1 + turn % 2), 5) for turn in range(8)]
    assert let_in == [True] * 5 + [False] * 3
    assert parent.sessions == 5
    parent.forget(1)
    assert (parent.sessions, boards[0].total(SESSIONS_OPEN)) == (2, 2)
    assert boards[1].enter(boards[1].slot(2), 5)
    for board in boards:
        board.descriptor = None  # the parent's
        board.close()
    parent.close()
