"""A worker pool with the tiny models of worker_models, and what its tests say all the time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tui_assistant.engine.ports import Answer, ChatMessage, Failed, Final, Respond, Responded, Spoken
from tui_assistant.host.workers import WorkerEvent, WorkerPool, WorkerSpec
from tui_assistant.models.registry import Port


class Desk:
    """A pool and its events."""

    def __init__(self, log: Path | None = None, **models: Any) -> None:
        self.events: list[WorkerEvent] = []
        specs = {}
        for port, model in models.items():
            name, options = model if isinstance(model, tuple) else (model, {})
            specs[Port(port)] = WorkerSpec(Port(port), f"worker_models:{name}", options)
        self.pool = WorkerPool(specs, on_event=self.events.append, log=log)

    def ask(self, ask: Any) -> list[Answer]:
        answers: list[Answer] = []
        self.pool.post(ask, answers.append)
        return answers

    def say(self, ask_id: str, text: str) -> list[Answer]:
        return self.ask(respond(ask_id, text))


def respond(ask_id: str, text: str) -> Respond:
    return Respond(ask_id, "s", (ChatMessage("user", text),))


async def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.005)


def over(answers: list[Answer]) -> bool:
    return bool(answers) and isinstance(answers[-1], Final | Responded | Spoken | Failed)


OpenDesk = Callable[..., Any]  # of the fixture `desk`: keywords are Desk's
