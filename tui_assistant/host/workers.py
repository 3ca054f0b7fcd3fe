"""The worker processes of one program: asks go to the model of their port, answers come back to the one who asked.

Every model but the SpeechDetector runs behind this. A model that dies is started again; what was said to a recogniser
is said to its successor once more, and asks for an answer or a voice are answered Failed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from tui_assistant.engine.ports import (
    Ask,
    Cancel,
    Failed,
    Judge,
    Notify,
    Release,
    Respond,
    Speak,
    Transcribe,
    TranscribeAudio,
    TranscribeEnd,
)
from tui_assistant.errors import LocalProtocolError, ModelError
from tui_assistant.host.fair import scoped_id
from tui_assistant.host.worker import OnAnswer, Opening, Worker, WorkerEvent, WorkerState
from tui_assistant.host.worker_process import WorkerSpec
from tui_assistant.models.registry import Port

__all__ = ["Port", "Post", "WorkerEvent", "WorkerPool", "WorkerSpec", "WorkerState"]

_RETIRE_S = 15.0  # how long a model that was replaced may finish what it has begun
_PORTS: dict[type, Port] = {
    Transcribe: Port.RECOGNISER,
    Respond: Port.RESPONDER,
    Notify: Port.RESPONDER,
    Speak: Port.SYNTHESISER,
    Judge: Port.JUDGE,
}


class Post(Protocol):
    """How an ask is handed over: the call of WorkerPool, and of what `scoped` returns."""

    def __call__(self, ask: Ask, on_answer: OnAnswer | None = None) -> None: ...


class WorkerPool:
    """The workers by port. Everything, callbacks included, happens on the thread of the loop that called `start`."""

    def __init__(
        self,
        specs: Mapping[Port, WorkerSpec],
        *,
        on_event: Callable[[WorkerEvent], None],
        log: Path | None = None,
    ) -> None:
        """`log` takes what the workers print; None: nobody sees it."""
        self._on_event = on_event
        self._log = log
        self._workers = {port: Worker(spec, on_event, log) for port, spec in specs.items()}
        self._retiring: set[Worker] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._homeless: dict[str, tuple[Opening, OnAnswer]] = {}  # asks to a port without a worker
        self._closed = False

    async def start(self) -> None:
        """Starts the processes and returns at once; the models load in the background and asks wait for them."""
        for worker in self._workers.values():
            if not worker.spec.lazy:
                worker.start()

    def wake(self, port: Port) -> bool:
        """Starts the process of a lazy model that will be wanted; True when this call did it."""
        worker = self._workers.get(port)
        if worker is None or worker.state is not WorkerState.ASLEEP or self._closed:
            return False
        worker.start()
        return True

    async def ready(self, port: Port) -> bool:
        """Waits until the model of `port` is loaded (True) or will never be, or there is none, or it sleeps (False)."""
        worker = self._workers.get(port)
        return worker is not None and worker.state is not WorkerState.ASLEEP and await worker.settled()

    def state(self, port: Port) -> WorkerState | None:
        worker = self._workers.get(port)
        return worker.state if worker is not None else None

    def pid(self, port: Port) -> int | None:
        worker = self._workers.get(port)
        return worker.pid if worker is not None else None

    @property
    def counters(self) -> dict[str, int]:
        """Losses, by name; zeros included."""
        dropped = {f"{port}_dropped": worker.dropped for port, worker in self._workers.items()}
        return dropped | {f"{port}_deaths": worker.deaths for port, worker in self._workers.items()}

    @property
    def dropped(self) -> int:
        """Asks and pieces of audio that a full queue refused."""
        return sum(worker.dropped for worker in self._workers.values())

    def scoped(self, session_id: str) -> Post:
        """`post` for one of several sessions; their ask ids may be the same, and they have their turns."""

        def post(ask: Ask, on_answer: OnAnswer | None = None) -> None:
            self.post(replace(ask, ask_id=scoped_id(session_id, ask.ask_id)), on_answer)

        return post

    def post(self, ask: Ask, on_answer: OnAnswer | None = None) -> None:
        """Hands `ask` to its worker. `on_answer` belongs to what opens an id: all but audio, ends and Cancel.

        It is called for each answer, never from inside this call and never after a Cancel. An id that is open already
        raises LocalProtocolError. Audio, an end or a Cancel for an id that is not open is ignored: it crossed the
        answer.
        """
        if self._closed:
            return
        if isinstance(ask, Cancel):
            self._homeless.pop(ask.ask_id, None)
            for worker in self._all():
                worker.cancel(ask)
        elif isinstance(ask, TranscribeAudio | TranscribeEnd | Release):
            for worker in self._all():
                if worker.holds(ask.ask_id):
                    worker.follow(ask)
        else:
            self._open(ask, on_answer)

    async def replace(self, spec: WorkerSpec) -> None:
        """Puts another model in a port while the assistant runs.

        The old one answers until the new one is loaded, and finishes what it has begun. If the new one cannot be
        loaded, the old one stays and ModelError is raised.
        """
        worker = Worker(spec, _ignore, self._log)
        worker.start()
        try:
            works = await worker.settled()
        except asyncio.CancelledError:
            await worker.close()
            raise
        if not works or self._closed:
            await worker.close()
            raise ModelError(worker.failure or "the assistant is being closed")
        old = self._workers.get(spec.port)
        self._workers[spec.port] = worker
        worker.on_event = self._on_event
        for notify, on_answer in old.take_notifies() if old is not None else self._take_homeless(spec.port):
            worker.post(notify, on_answer)
        if old is not None:
            old.on_event = _ignore
            self._retiring.add(old)
            task = asyncio.create_task(self._retire(old))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._on_event(WorkerEvent("ready", spec.port, spec.name, f"the {spec.port} is now {spec.name}"))

    async def close(self) -> None:
        """Ends all workers within 1 s; open asks get no answer."""
        self._closed = True
        self._homeless.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, *(worker.close() for worker in self._all()), return_exceptions=True)

    # ------------------------------------------------------------------------------------------------ inside

    def _all(self) -> list[Worker]:
        return [*self._workers.values(), *self._retiring]

    def _open(self, ask: Opening, on_answer: OnAnswer | None) -> None:
        if on_answer is None:
            raise LocalProtocolError(f"{type(ask).__name__} needs someone who takes its answers")
        if ask.ask_id in self._homeless or any(worker.holds(ask.ask_id) for worker in self._all()):
            raise LocalProtocolError(f"the ask id {ask.ask_id} is open already")
        port = _PORTS[type(ask)]
        worker = self._workers.get(port)
        if worker is not None:
            worker.post(ask, on_answer)
            return
        self._homeless[ask.ask_id] = (ask, on_answer)
        if not isinstance(ask, Notify):  # nothing is owed to it; a later model takes it over
            asyncio.get_running_loop().call_soon(self._refuse, ask.ask_id, port)

    def _refuse(self, ask_id: str, port: Port) -> None:
        _, on_answer = self._homeless.pop(ask_id, (None, None))
        if on_answer is not None:
            on_answer(Failed("model_unavailable", f"there is no {port} (tui-assistant doctor says how to get one)"))

    def _take_homeless(self, port: Port) -> list[tuple[Notify, OnAnswer]]:
        taken = [(ask, call) for ask, call in self._homeless.values() if isinstance(ask, Notify)]
        taken = taken if port is Port.RESPONDER else []
        for ask, _ in taken:
            del self._homeless[ask.ask_id]
        return taken

    async def _retire(self, worker: Worker) -> None:
        deadline = asyncio.get_running_loop().time() + _RETIRE_S
        try:
            while worker.busy and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 - rare, polled
                await asyncio.sleep(0.05)
            worker.fail_open("model_replaced", f"the {worker.spec.port} {worker.spec.name} was replaced; ask again")
            await worker.close()
        finally:
            self._retiring.discard(worker)


def _ignore(event: WorkerEvent) -> None:
    """Nobody needs to hear of a worker that is not in use yet, or not any more."""
