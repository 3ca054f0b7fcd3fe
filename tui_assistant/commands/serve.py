"""`tui-assistant serve`: the engine behind a WebSocket, until a signal ends it."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tui_assistant.config import Flag, load
from tui_assistant.errors import UsageError

if TYPE_CHECKING:
    from tui_assistant.server.app import RealtimeServer
    from tui_assistant.server.logs import Format
    from tui_assistant.server.supervisor import Supervisor

TOKEN_VARIABLE = "TUI_ASSISTANT_TOKEN"  # noqa: S105  # the variable's name, no secret


@dataclass(frozen=True, slots=True)
class Door:
    """Where to listen and whom to let in, as the command line has it."""

    host: str
    port: int
    token_file: str | None = None
    allow_origins: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] = ()
    max_sessions: int | None = None  # None: the server's own limit
    workers: int = 1
    metrics: bool = False
    log_format: Format | None = None


def run(flags: Mapping[str, Flag], config: str | None, door: Door) -> int:
    """Serves; 0 after SIGTERM or SIGINT, 128 and its number when a second one could not wait."""
    settings = load(flags, config)
    from tui_assistant.commands.assistant import worker_specs
    from tui_assistant.commands.logs import workers_log
    from tui_assistant.commands.model_options import check_detector
    from tui_assistant.server.access import is_loopback
    from tui_assistant.server.app import RealtimeServer, ServerOptions
    from tui_assistant.server.limits import MAX_SESSIONS
    from tui_assistant.server.logs import configure

    check_detector(settings, flags)
    token = _token(door.token_file)
    if token is None and not is_loopback(door.host):
        raise UsageError(
            f"--host {door.host}: others can reach that address, so a token is needed",
            f"--token-file FILE, or the variable {TOKEN_VARIABLE}",
        )
    options = ServerOptions(
        host=door.host,
        port=door.port,
        token=token,
        allow_hosts=frozenset(name.lower() for name in door.allow_hosts),
        allow_origins=frozenset(door.allow_origins),
        detector=settings.models.detector,
        speculate=settings.responder.speculate != "off",
        max_sessions=MAX_SESSIONS if door.max_sessions is None else door.max_sessions,
        metrics=door.metrics,
        log=workers_log(),
    )
    # Clients get no timers or notes of the assistant on the screen, and leave none behind.
    specs = worker_specs(settings, remember=False)
    configure(door.log_format)
    if door.workers == 1:
        return asyncio.run(_serve(RealtimeServer(options, specs)))
    if sys.platform == "win32":
        raise UsageError(f"--workers {door.workers}: Windows has no way for it here", "start several on several ports")
    from tui_assistant.server.supervisor import Supervisor

    supervisor = Supervisor(
        options, specs, door.workers, [sys.executable, "-m", "tui_assistant.commands.serve_worker"], log=door.log_format
    )
    return asyncio.run(_supervise(supervisor))


def _token(file: str | None) -> str | None:
    if file is None:
        return os.environ.pop(TOKEN_VARIABLE, None) or None  # the workers and their libraries need not know it
    try:
        token = Path(file).read_text(encoding="utf-8").strip()
    except UnicodeDecodeError:
        raise UsageError(f"--token-file {file}: not UTF-8 text", "put the token on its first line") from None
    except OSError as error:
        raise UsageError(f"--token-file {file}: cannot be read: {error.strerror}") from None
    if not token:
        raise UsageError(f"--token-file {file}: is empty", "put the token on its first line")
    return token


async def _serve(server: RealtimeServer) -> int:
    from tui_assistant.server.ending import Ending

    ending = Ending(server.abort)
    async with server.running():
        settle_memory()
        print(f"listening on {server.url}", flush=True)
        await ending.asked()
        await server.drain()
    return ending.status


async def _supervise(supervisor: Supervisor) -> int:
    from tui_assistant.server.ending import Ending

    ending = Ending(supervisor.abort)
    async with supervisor.running():
        print(f"listening on {supervisor.url}", flush=True)
        await ending.asked()
    return ending.status or supervisor.status


def settle_memory() -> None:
    """What has been loaded stays: else the collector looks through it, for 15 ms, while sessions wait."""
    gc.collect()
    gc.freeze()
