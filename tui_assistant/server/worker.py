"""One of the processes of `serve --workers`: told on stdin what to do, it says on stdout when it listens.

The end of stdin means that the parent has gone: then it ends as at a signal.
"""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import asdict
from pathlib import Path
from socket import socket as Socket  # noqa: N812  # as in app.py
from typing import Any

from tui_assistant.host.workers import Port, WorkerSpec
from tui_assistant.server.app import RealtimeServer, ServerOptions, WorkerPlace
from tui_assistant.server.board import Board
from tui_assistant.server.ending import Ending

LISTENING = b"listening\n"
Models = dict[Port, WorkerSpec]


def order(
    options: ServerOptions, specs: Models, *, number: int, workers: int, board: int, sockets: list[int], log: str | None
) -> bytes:
    """What a worker is told, in one line. `board` and `sockets` are file descriptors that it inherits."""
    told = asdict(options) | {
        "allow_hosts": sorted(options.allow_hosts),
        "allow_origins": sorted(options.allow_origins),
        "log": None if options.log is None else str(options.log),
    }
    models = [asdict(spec) | {"options": dict(spec.options)} for spec in specs.values()]
    place = {"number": number, "workers": workers, "board": board, "sockets": sockets, "log": log}
    return json.dumps({"options": told, "models": models, "place": place}).encode() + b"\n"


def parse(line: bytes) -> tuple[ServerOptions, Models, dict[str, Any]]:
    """What `order` was given; the place as it stands in the line."""
    told = json.loads(line)
    options = told["options"]
    options["allow_hosts"] = frozenset(options["allow_hosts"])
    options["allow_origins"] = frozenset(options["allow_origins"])
    options["log"] = Path(options["log"]) if options["log"] else None
    specs = [
        WorkerSpec(**{**spec, "port": Port(spec["port"]), "instead": tuple(spec["instead"])}) for spec in told["models"]
    ]
    return ServerOptions(**options), {spec.port: spec for spec in specs}, told["place"]


def server(options: ServerOptions, specs: Models, place: dict[str, Any]) -> RealtimeServer:
    board = Board(place["workers"], place["board"])
    sockets = [Socket(fileno=number) for number in place["sockets"]]
    return RealtimeServer(options, specs, WorkerPlace(place["number"], board, sockets))


async def end_with_parent(ending: Ending) -> None:
    """Asks for the end when stdin ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(0, "rb", closefd=False))
    await reader.read()
    ending.ask()
