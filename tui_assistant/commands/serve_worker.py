"""One worker of `serve --workers`; the parent starts it as `python -m tui_assistant.commands.serve_worker`."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from tui_assistant.commands.guard import guarded
from tui_assistant.commands.serve import settle_memory

if TYPE_CHECKING:
    from tui_assistant.server.app import RealtimeServer


def main() -> int:
    """Serves until a signal, or the end of the parent."""
    from tui_assistant.server import worker
    from tui_assistant.server.logs import configure

    options, specs, place = worker.parse(sys.stdin.buffer.readline())
    configure(place["log"], place["number"])
    return asyncio.run(_work(worker.server(options, specs, place)))


async def _work(server: RealtimeServer) -> int:
    from tui_assistant.server.ending import Ending
    from tui_assistant.server.worker import LISTENING, end_with_parent

    ending = Ending(server.abort)
    orphaned = asyncio.create_task(end_with_parent(ending))
    async with server.running():
        settle_memory()
        sys.stdout.buffer.write(LISTENING)
        sys.stdout.flush()
        await ending.asked()
        await server.drain()
    orphaned.cancel()
    return ending.status


if __name__ == "__main__":
    sys.exit(guarded(main))
