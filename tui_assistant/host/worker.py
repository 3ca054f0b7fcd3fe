"""One model kept alive: its process, the asks that it owes an answer, and what happens when it dies."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Literal

from tui_assistant.engine.ports import (
    Answer,
    Ask,
    Cancel,
    Failed,
    Final,
    Judge,
    Judged,
    Notify,
    Release,
    Respond,
    Responded,
    Speak,
    Spoken,
    Transcribe,
    TranscribeAudio,
    TranscribeEnd,
)
from tui_assistant.host.frames import FrameError, Hello, Instead, Ready, Reply, Unusable, encode
from tui_assistant.host.kept import KeptStream
from tui_assistant.host.outbox import Outbox
from tui_assistant.host.worker_process import WorkerProcess, WorkerSpec
from tui_assistant.models.registry import Port

OnAnswer = Callable[[Answer], None]
Opening = Transcribe | Respond | Notify | Speak | Judge

MAX_DEATHS, DEATHS_WITHIN_S = 5, 60.0  # a model that dies so often will not get better by starting it once more
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.025, 3.0
MAX_REPLAYS = 2  # audio that killed the worker this often is what kills it
_FINAL = (Final, Responded, Spoken, Judged, Failed)


Kind = Literal["ready", "instead", "failed", "died", "restarted"]


@dataclass(frozen=True, slots=True)
class WorkerEvent:
    """Something about a worker that the user may want to know; `message` is one line.

    "instead": the model that was wanted cannot be had, or not now; once more when another one is ready.
    """

    kind: Kind
    port: Port
    name: str
    message: str


class WorkerState(Enum):
    """What a worker does; the value is a sentence for logs."""

    ASLEEP = "Nobody has wanted the model yet; there is no process."
    STARTING = "The process runs or is about to; the model is not loaded yet; asks wait."
    READY = "The model answers."
    FAILED = "The model cannot be loaded or has died too often; asks are refused."
    CLOSED = "Nobody wants it any more."


@dataclass(slots=True)
class _Open:
    """An ask without its last answer."""

    ask: Opening
    on_answer: OnAnswer
    sent: bool = False
    stream: KeptStream | None = None


class Worker:
    """Runs one WorkerSpec. All methods and callbacks are on the loop's thread."""

    def __init__(self, spec: WorkerSpec, on_event: Callable[[WorkerEvent], None], log: Path | None = None) -> None:
        self.spec = spec
        self.on_event = on_event
        self.state = WorkerState.ASLEEP
        self.failure = ""  # why the state is FAILED
        self.load_ms = 0
        self.deaths = 0
        self._replaced = False  # by another model, because it cannot be had
        self._log = log
        self._open: dict[str, _Open] = {}
        self._outbox = Outbox()
        self._process: WorkerProcess | None = None
        self._recent_deaths: deque[float] = deque(maxlen=MAX_DEATHS)
        self._settled = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    # ------------------------------------------------------------------------------------------ for the pool

    def start(self) -> None:
        """Once; a second call does nothing."""
        if self.state is not WorkerState.ASLEEP:
            return
        self.state = WorkerState.STARTING
        self._task = asyncio.create_task(self._supervise(), name=f"worker {self.spec.port}")

    async def settled(self) -> bool:
        """Waits until the model is loaded (True) or will never be (False)."""
        await self._settled.wait()
        return self.state is WorkerState.READY

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    @property
    def dropped(self) -> int:
        return self._outbox.dropped

    @property
    def busy(self) -> bool:
        return bool(self._open)

    def holds(self, ask_id: str) -> bool:
        return ask_id in self._open

    def post(self, ask: Opening, on_answer: OnAnswer) -> None:
        """Takes an ask; its answers come later, never from inside this call. Wakes a worker that is asleep."""
        self.start()
        entry = self._open[ask.ask_id] = _Open(ask, on_answer)
        if isinstance(ask, Transcribe):
            entry.stream = KeptStream()
        if self.state is WorkerState.FAILED:
            if not isinstance(ask, Notify):  # kept: another model may take this one's place
                self._later(ask.ask_id, Failed("model_unavailable", self.failure))
        elif not self._outbox.put(ask):
            self._later(ask.ask_id, Failed("model_busy", f"the {self.spec.port} is too far behind; ask again"))

    def follow(self, ask: TranscribeAudio | TranscribeEnd | Release) -> None:
        """Takes what belongs to an open ask."""
        entry = self._open.get(ask.ask_id)
        if entry is None or self.state is WorkerState.FAILED:
            return  # it has been answered or cancelled meanwhile
        if isinstance(ask, Release):
            if isinstance(entry.ask, Respond):
                entry.ask = replace(entry.ask, speculative=False)  # so it is if it has to be sent once more
            self._outbox.put(ask)
            return
        if entry.stream is None:
            return
        if isinstance(ask, TranscribeAudio):
            if self._outbox.put(ask):
                entry.stream.keep(ask)
        else:
            entry.stream.ended = True
            self._outbox.put(ask)

    def cancel(self, ask: Cancel) -> None:
        entry = self._open.pop(ask.ask_id, None)
        if entry is not None:
            self._outbox.cancel(ask.ask_id, sent=entry.sent)

    def take_notifies(self) -> list[tuple[Notify, OnAnswer]]:
        """Gives the long-lived asks away to the worker that takes this one's place."""
        taken = [(entry.ask, entry.on_answer) for entry in self._open.values() if isinstance(entry.ask, Notify)]
        for ask, _ in taken:
            self.cancel(Cancel(ask.ask_id))
        return taken

    def fail_open(self, code: str, message: str) -> None:
        """Answers everything that is open, at once."""
        for ask_id in list(self._open):
            self._deliver(ask_id, Failed(code, message))

    async def close(self) -> None:
        """Within 1 s. Open asks get no answer."""
        self.state = WorkerState.CLOSED
        self._open.clear()
        process = self._process
        if process is not None:
            await process.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if process is not self._process and self._process is not None:
            await self._process.close()  # it was being started meanwhile

    # ---------------------------------------------------------------------------------------------- its life

    async def _supervise(self) -> None:
        while True:
            how = await self._run()
            if self.state in (WorkerState.CLOSED, WorkerState.FAILED) or self._died(how):
                return
            await asyncio.sleep(min(_FIRST_WAIT_S * 2 ** len(self._recent_deaths), _LONGEST_WAIT_S))

    async def _run(self) -> str:
        """One process from start to end. Returns how it ended, in a few words."""
        try:
            process = self._process = await WorkerProcess.spawn(self.spec, self._log)
        except OSError as error:
            self._fail(f"the {self.spec.port} {self.spec.name} cannot be started: {error}")
            return "not started"
        try:
            await process.send(Hello(dict(self.spec.options)))
        except ConnectionError:
            return await process.end()
        pump = asyncio.create_task(self._pump(process))
        try:
            while (message := await process.receive()) is not None:
                if self.state is WorkerState.CLOSED:
                    continue  # a Ready that crossed the close must not bring it back to life
                if isinstance(message, Reply):
                    self._deliver(message.ask_id, message.answer)
                elif isinstance(message, Ready):
                    self._ready(message)
                elif isinstance(message, Instead):
                    self._instead(message)
                elif isinstance(message, Unusable):
                    self._fail(message.message)
        except FrameError:
            return f"{await process.end()}, it wrote nonsense"
        finally:
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)
        return await process.end()

    async def _pump(self, process: WorkerProcess) -> None:
        with contextlib.suppress(ConnectionError):  # the reading side notices the death and acts on it
            while True:
                frames = []
                for ask in await self._outbox.batch():
                    entry = self._open.get(ask.ask_id)
                    if entry is not None:
                        entry.sent = True
                    try:
                        frames.append(encode(ask))
                    except FrameError:
                        self._deliver(ask.ask_id, Failed("too_long", f"this is too long for the {self.spec.port}"))
                await process.write(b"".join(frames))

    def _ready(self, ready: Ready) -> None:
        self.load_ms = ready.load_ms
        self.state = WorkerState.READY
        self._settled.set()
        if self._replaced and not self.deaths:
            self._tell("instead", f"the {self.spec.port} is {ready.name}")
            return
        kind: Kind = "restarted" if self.deaths else "ready"
        self._tell(kind, f"the {self.spec.port} {ready.name} {'works again' if self.deaths else 'is ready'}")

    def _instead(self, instead: Instead) -> None:
        if self.state is WorkerState.READY:
            self._tell("instead", instead.message)
        elif not self._replaced:  # once, however often the process is started
            self._replaced = True
            self._tell("instead", instead.message)

    def _died(self, how: str) -> bool:
        """Books a death; True when it was one too many."""
        now = asyncio.get_running_loop().time()
        self.deaths += 1
        self._recent_deaths.append(now)
        while now - self._recent_deaths[0] > DEATHS_WITHIN_S:
            self._recent_deaths.popleft()
        name = f"the {self.spec.port} {self.spec.name}"
        if len(self._recent_deaths) == MAX_DEATHS:
            self._fail(f"{name} ended {MAX_DEATHS} times within a minute ({how}); choose another one in the settings")
            return True
        was_ready = self.state is WorkerState.READY  # else no model has seen what was sent: it may just wait
        self.state = WorkerState.STARTING
        self._settled.clear()
        self._tell("died", f"{name} ended unexpectedly ({how}) and is started again")
        self._outbox.refill([])
        again: list[Ask] = []
        for ask_id, entry in list(self._open.items()):
            stream = entry.stream
            lost = was_ready and entry.sent and not isinstance(entry.ask, Notify)
            if lost and stream is not None and stream.replays < MAX_REPLAYS:
                stream.replays += 1
                lost = False
            if lost:
                self._later(ask_id, Failed("worker_died", f"{name} ended unexpectedly; ask again"))
                continue
            entry.sent = False
            again += [entry.ask] if stream is None else [entry.ask, *stream.again(ask_id)]
        self._outbox.refill(again)
        return False

    def _fail(self, why: str) -> None:
        self.state = WorkerState.FAILED
        self.failure = why
        self._settled.set()
        self._outbox.refill([])
        self._tell("failed", why)
        for ask_id, entry in list(self._open.items()):
            if not isinstance(entry.ask, Notify):
                self._later(ask_id, Failed("model_unavailable", why))

    # ----------------------------------------------------------------------------------------------- answers

    def _later(self, ask_id: str, answer: Answer) -> None:
        asyncio.get_running_loop().call_soon(self._deliver, ask_id, answer)

    def _deliver(self, ask_id: str, answer: Answer) -> None:
        entry = self._open.get(ask_id)
        if entry is None:
            return
        if isinstance(answer, _FINAL):
            del self._open[ask_id]
        self._call(entry.on_answer, answer)

    def _tell(self, kind: Kind, message: str) -> None:
        self._call(self.on_event, WorkerEvent(kind, self.spec.port, self.spec.name, message))

    def _call(self, callback: Callable[..., None], value: Answer | WorkerEvent) -> None:
        try:
            callback(value)
        except Exception as error:  # noqa: BLE001 - the caller's bug must not end the worker of everybody else
            asyncio.get_running_loop().call_exception_handler(
                {"message": "a callback of the worker pool failed", "exception": error}
            )
