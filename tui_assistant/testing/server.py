"""A server with scripted models on a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from tui_assistant.host.workers import Port, WorkerSpec
from tui_assistant.server.app import RealtimeServer, ServerOptions
from tui_assistant.testing.models import Line

START_S, STOP_S = 20.0, 10.0

_MODELS = "tui_assistant.testing.models"


def scripted(heard: str | Sequence[str], answers: Line | Sequence[Line]) -> dict[Port, WorkerSpec]:
    """Models that hear and answer these lines, in order; an answer may be a function call, see ScriptedResponder.

    A single line may stand for a list of it.
    """
    heard = [heard] if isinstance(heard, str) else heard
    answers = [answers] if isinstance(answers, str | Mapping) else answers
    return {
        Port.RECOGNISER: WorkerSpec(Port.RECOGNISER, f"{_MODELS}:recogniser", {"lines": list(heard)}),
        Port.RESPONDER: WorkerSpec(Port.RESPONDER, f"{_MODELS}:responder", {"lines": list(answers)}),
        Port.SYNTHESISER: WorkerSpec(Port.SYNTHESISER, f"{_MODELS}:synthesiser"),
    }


@contextmanager
def realtime_server(
    heard: str | Sequence[str] = ("hello",),
    answers: Line | Sequence[Line] = ("Hello to you.",),
    options: ServerOptions | None = None,
) -> Iterator[str]:
    """The URL of a running server, e.g. ws://127.0.0.1:PORT/v1/realtime."""
    server = RealtimeServer(options or ServerOptions(port=0), scripted(heard, answers))
    started, failure = threading.Event(), list[BaseException]()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def run() -> None:
        async with server.running():
            started.set()
            await stop.wait()

    def work() -> None:
        try:
            loop.run_until_complete(run())
        except BaseException as error:  # noqa: BLE001  # whatever it is, the test has to hear of it
            failure.append(error)
        finally:
            started.set()
            loop.close()

    thread = threading.Thread(target=work, name="realtime-server", daemon=True)
    thread.start()
    started.wait(START_S)
    if failure:
        raise failure[0]
    try:
        yield server.url
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(STOP_S)
