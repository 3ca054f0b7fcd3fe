"""The conversation runs here: an engine session and worker processes on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tui_assistant.engine.answers import Speculate
from tui_assistant.errors import ModelError
from tui_assistant.host.running_time import RunningTime
from tui_assistant.host.session import Session
from tui_assistant.host.session_host import InputLog, SessionHost, wants_judge
from tui_assistant.host.workers import Port, WorkerEvent, WorkerPool, WorkerSpec, WorkerState
from tui_assistant.links.base import LinkEvents, LinkStatus
from tui_assistant.protocol.client import ClientEvent
from tui_assistant.protocol.server import ServerEvent
from tui_assistant.protocol.session import Audio, AudioInput, AudioOutput, PcmFormat, SessionConfig

__all__ = ["LocalLink", "WorkerSpec"]

INPUT_RATE = 16_000  # Hz: what the detector and the recogniser want, so nothing is resampled twice
OUTPUT_RATE = 24_000  # Hz: above every voice that we have, and what the services send
TICK_S = 0.1  # a tenth of the shortest time that passes while no audio flows (1 s)


class LocalLink:
    """An engine in this process; its models in workers."""

    name = "local"
    input_rate = INPUT_RATE
    output_rate = OUTPUT_RATE
    observes = True
    fine = True

    def __init__(
        self,
        specs: Mapping[Port, WorkerSpec],
        *,
        detector: str = "silero",
        speed: float = 1.0,
        speculate: bool = True,
        log_path: Path | None = None,
        input_log: InputLog | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`specs`: the model of each port. `speed`: of the voice. `log_path` takes what the workers print.

        `speculate`: answers are prepared at a pause, before the turn is over.
        """
        self._specs = specs
        self._detector = detector
        self._speed = speed
        # Our own client asks for nearly every answer by itself (client/bargein.py), and at once.
        self._speculate: Speculate = "always" if speculate else "never"
        self._log_path = log_path
        self._input_log = input_log
        self._clock = clock
        self._pool: WorkerPool | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._host: SessionHost | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._status: Callable[[LinkStatus], None] = lambda status: None
        self._heard: Callable[[ServerEvent], None] = lambda event: None

    async def open(self, events: LinkEvents) -> None:
        """Starts the workers; they load while audio is already taken."""
        self._status, self._heard = events.status, events.server_event
        self._loop = asyncio.get_running_loop()
        self._pool = WorkerPool(self._specs, on_event=self._worker_event, log=self._log_path)
        await self._pool.start()
        audio = Audio(
            input=AudioInput(format=PcmFormat(rate=INPUT_RATE)),
            output=AudioOutput(format=PcmFormat(rate=OUTPUT_RATE), speed=self._speed),
        )
        session = Session(
            SessionConfig(audio=audio), vad=self._detector, judge=Port.JUDGE in self._specs, speculate=self._speculate
        )
        self._host = SessionHost(
            session,
            self._pool.post,
            on_event=self._server_event,
            on_observation=events.observation,
            log=self._input_log,
        )
        self._host.begin()
        self._ticking = asyncio.create_task(self._tick(self._host))

    def send(self, event: ClientEvent) -> None:
        if self._host is not None:
            self._host.event(event)

    def feed(self, pcm: bytes) -> None:
        if self._host is not None:
            self._host.feed(pcm)

    async def ready(self) -> None:
        if self._pool is not None:
            await asyncio.gather(*(self._pool.ready(port) for port in self._specs))

    def use(self, spec: WorkerSpec, timeout_s: float) -> None:
        """Another model from now on; the old one answers until it is loaded. From any thread but the link's own.

        Raises ModelError when it cannot be had: then the old one stays. One that sleeps is told nothing: it takes what
        there is when it is woken.
        """
        pool, loop = self._pool, self._loop
        if pool is None or loop is None or pool.state(spec.port) is WorkerState.ASLEEP:
            return
        replacing = asyncio.run_coroutine_threadsafe(pool.replace(spec), loop)
        try:
            replacing.result(timeout_s)
        except TimeoutError:
            replacing.cancel()
            raise ModelError(
                f"the {spec.port} {spec.name} is not loaded within {timeout_s:g} s",
                "try again when the machine is less busy",
            ) from None

    @property
    def counters(self) -> dict[str, int]:
        return self._pool.counters if self._pool is not None else {}

    async def close(self) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticking
        if self._host is not None:
            self._host.close()
        if self._pool is not None:
            await self._pool.close()

    async def _tick(self, host: SessionHost) -> None:
        running = RunningTime(self._clock)
        while True:
            await asyncio.sleep(TICK_S)
            host.tick(round(running() * 1000))

    def _server_event(self, event: ServerEvent) -> None:
        if wants_judge(event) and self._pool is not None and self._pool.wake(Port.JUDGE):
            self._tell("the judge of semantic_vad is being loaded; until then it counts as undecided", "information")
        self._heard(event)

    def _worker_event(self, event: WorkerEvent) -> None:
        bad = event.kind in ("died", "failed")
        # Which judge works is worth a line: without smart-turn semantic_vad goes by words alone.
        told = "" if event.kind == "ready" and event.port is not Port.JUDGE else event.message
        mild = "warning" if event.kind == "instead" else "information"
        self._tell(told, "error" if bad else mild)

    def _tell(self, told: str, severity: str) -> None:
        loading = [port for port in self._specs if self._pool and self._pool.state(port) is WorkerState.STARTING]
        self._status(LinkStatus(not loading, f"loading the {loading[0]}" if loading else "ready", told, severity))
