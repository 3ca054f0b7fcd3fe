"""Turns here, the model there: wraps the link to a server, and decides by itself when a turn begins and ends.

The server is then driven by hand: turn_detection null, only speech goes up, with its pre-roll, then commit and, if that
is wanted, response.create. Whoever listens hears the same events as if the server had decided. Who decides can be
changed at any time; while the server does, our own detection runs along, so that it is warm and has its pre-roll.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from tui_assistant.engine.ids import Ids
from tui_assistant.engine.ports import Answer, Ask, Failed, SpeechDetector
from tui_assistant.errors import RemoteProtocolError
from tui_assistant.host.session_host import wants_judge
from tui_assistant.host.turns import Step, Turned, Turns
from tui_assistant.host.workers import Port, WorkerEvent, WorkerPool, WorkerSpec
from tui_assistant.links.announced import Announced
from tui_assistant.links.base import LinkEvents, LinkStatus, ServedLink
from tui_assistant.links.owed import Owed
from tui_assistant.links.rules import by_hand, later, wanted, with_rules
from tui_assistant.links.traffic import Traffic
from tui_assistant.links.uplink import Uplink
from tui_assistant.protocol import client, server
from tui_assistant.protocol.client import ClientEvent
from tui_assistant.protocol.items import ErrorDetail
from tui_assistant.protocol.server import ServerEvent
from tui_assistant.protocol.session import SessionObject

TICK_S = 0.1  # as in the local link
OWN = "here"  # begins the ids that we give

Where = Literal["here", "there"]


class LocalTurns:
    """A Link. All calls come from the thread of the loop that opened it."""

    def __init__(
        self,
        link: ServedLink,
        turns: Where,
        *,
        detector: str | SpeechDetector = "silero",
        judge: WorkerSpec | None = None,
        log_path: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`judge`: of semantic_vad, which is loaded when it is first wanted here; None: P is 0.5."""
        self._link = link
        self.name, self.input_rate, self.output_rate = link.name, link.input_rate, link.output_rate
        self._here = turns == "here"
        self._wanted = self._here
        self._clock = clock
        self._pool = WorkerPool({Port.JUDGE: judge}, on_event=self._worker_event, log=log_path) if judge else None
        self._ids = Ids(OWN)
        post = self._post if self._pool is not None else None
        self._turns = Turns(link.input_rate, detector=detector, ids=self._ids, post=post, on_step=self._step)
        self._uplink = Uplink(link.input_rate, link.feed)
        self._names = Announced()
        self._events = LinkEvents(lambda event: None, lambda observation: None, lambda status: None)
        self._status = LinkStatus(False, "starting")
        self._session: SessionObject | None = None  # as the server told it last
        self._manual = False  # it has been told not to detect turns, and has said so
        self._started: server.SpeechStarted | None = None  # the newest of our own detection
        self._theirs_open = False  # the server has announced a turn, and not ended it
        self._owed = Owed(lambda: link.send(client.ResponseCreate(event_id=self._ids.next("create"))), clock)
        self._stepping = False
        self._later: list[ClientEvent] = []  # sent by those who hear of a step, while others wait
        self._last_item: str | None = None
        self._ticking: asyncio.Task[None] | None = None

    # -------------------------------------------------------------------------------------------------- Link

    @property
    def turns(self) -> Where:
        """Who decides."""
        return "here" if self._here else "there"

    @property
    def wanted(self) -> Where:
        """Who is to decide, as soon as no turn is open."""
        return "here" if self._wanted else "there"

    @property
    def observes(self) -> bool:
        return self._here

    @property
    def fine(self) -> bool:
        return self._here or self._link.fine

    async def open(self, events: LinkEvents) -> None:
        """Raises LinkError."""
        self._events = events
        if self._pool is not None:
            await self._pool.start()
        await self._link.open(LinkEvents(self._server_event, lambda observation: None, self._link_status))
        self._ticking = asyncio.create_task(self._tick())

    def send(self, event: ClientEvent) -> None:
        if self._stepping:
            self._later.append(event)
            return
        if self._here:
            self._drive(event)
        else:
            self._run_along(event)
        self._settle()

    def feed(self, pcm: bytes) -> None:
        there = not self._here
        self._run(lambda: self._turns.feed(pcm))
        if there:
            self._link.feed(pcm)
        self._settle()

    async def ready(self) -> None:
        await self._link.ready()

    @property
    def counters(self) -> dict[str, int]:
        return self._link.counters

    def traffic(self) -> Traffic:
        return self._link.traffic()

    async def close(self) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticking
        await self._link.close()
        if self._pool is not None:
            await self._pool.close()

    # ----------------------------------------------------------------------------------------- who decides

    def switch(self, turns: Where) -> bool:
        """From now on `turns` decides, or once the turn that is open is over (False)."""
        self._wanted = turns == "here"
        self._settle()
        return self._here == self._wanted

    @property
    def _busy(self) -> bool:
        """A turn is open that has to end where it began."""
        if self._here or self._turns.rules is None:  # by hand, too: what has gone up belongs to what comes
            return self._turns.item_id is not None
        return self._theirs_open

    @property
    def _open(self) -> server.SpeechStarted | None:
        """The turn that our own detection has open."""
        started = self._started
        return started if started is not None and started.item_id == self._turns.item_id else None

    def _settle(self) -> None:
        if self._here == self._wanted or self._busy or self._stepping:
            return
        self._here, self._manual = self._wanted, False
        rules, buffer = self._turns.rules, self._turns.buffer
        if self._here:
            self._uplink.committed()
            self._uplink.begin(buffer.end)
        if rules is None:  # by hand either way
            return
        if self._here:
            self._link.send(wanted(None))
            self._link.send(client.InputAudioBufferClear())  # the pre-roll goes up with the turn
            self._wake_judge()
            if (started := self._open) is not None:  # somebody speaks, and the server has not noticed yet
                self._run(lambda: self._step(started))
        else:
            self._link.send(wanted(rules, fine=self._link.fine))
            self._link.feed(buffer.slice(buffer.start, buffer.end))  # an onset may be in it

    # ------------------------------------------------------------------------------------- the server decides

    def _run_along(self, event: ClientEvent) -> None:
        """The server decides; our own detection only follows."""
        with contextlib.suppress(RemoteProtocolError):  # the server says what it does not like
            if isinstance(event, client.SessionUpdate):
                self._turns.update(event.session)
        if isinstance(event, client.InputAudioBufferCommit | client.InputAudioBufferClear):
            if isinstance(event, client.InputAudioBufferCommit) and self._turns.rules is None:
                self._names.committed(event.event_id, None)
            self._turns.clear()
        self._link.send(self._names.write(event))

    # ---------------------------------------------------------------------------------------------- we decide

    def _drive(self, event: ClientEvent) -> None:
        try:
            match event:
                case client.SessionUpdate():
                    self._update(event)
                case client.InputAudioBufferCommit():
                    self._run(self._turns.commit)
                case client.InputAudioBufferClear():
                    self._run(self._turns.clear)
                    self._uplink.begin(self._turns.buffer.end)
                    self._clear_theirs()
                    self._emit(server.BufferCleared())
                case _:
                    self._link.send(self._names.write(event))
        except RemoteProtocolError as error:
            detail = ErrorDetail(code=error.code, message=error.message, param=error.param, event_id=event.event_id)
            self._emit(server.ErrorEvent(error=detail))

    def _update(self, event: client.SessionUpdate) -> None:
        """Turn detection is ours; the server hears of everything else, and that it is not to detect turns."""
        self._run(lambda: self._turns.update(event.session))
        self._wake_judge()
        patch, more = by_hand(event.session)
        if more or not self._manual:
            self._link.send(event.model_copy(update={"session": patch}))
        else:
            self._emit(self._echo())

    def _clear_theirs(self) -> None:
        if self._uplink.samples:
            self._uplink.committed()
            self._link.send(client.InputAudioBufferClear())

    def _step(self, step: Step) -> None:
        if isinstance(step, server.SpeechStarted):
            self._started = step
        if not self._here:
            return
        match step:
            case server.SpeechStarted(audio_start_ms=start_ms):
                self._clear_theirs()  # of a turn that was given up
                self._uplink.begin(self._turns.buffer.at_ms(start_ms))
                rules = self._turns.rules
                if rules is not None and rules.interrupt_response and self._owed.running:
                    self._link.send(client.ResponseCancel())
                self._emit(step)
            case server.SpeechStopped() | server.ErrorEvent():
                self._emit(step)
            case Turned():
                self._finish(step)
            case _:
                self._events.observation(step)

    def _run(self, job: Callable[[], None]) -> None:
        """Does `job`. Events that listeners send in reply to what it brings go out after all have heard of it."""
        if self._stepping:
            job()
            return
        self._stepping = True
        try:
            job()
            if self._here:
                self._upload()
        finally:
            self._stepping = False
        while self._later:
            waiting, self._later = self._later, []
            for event in waiting:
                self.send(event)

    def _upload(self) -> None:
        if self._turns.rules is None:
            if self._turns.item_id is not None:  # else what is held is of before
                self._uplink.everything(self._turns.buffer)
        elif self._open is not None:
            self._uplink.speech(self._turns.buffer, self._turns.speech_end_ms)

    def _finish(self, turned: Turned) -> None:
        """The rest of the turn goes up, and the server makes an item of it."""
        taken, rules = turned.utterance, self._turns.rules
        self._uplink.finish(turned)
        behind, self._last_item = self._last_item, taken.item_id
        commit = client.InputAudioBufferCommit(event_id=self._ids.next("commit"))
        self._names.committed(commit.event_id, taken.item_id)
        self._emit(server.BufferCommitted(item_id=taken.item_id, previous_item_id=behind, reason=taken.reason))
        self._link.send(commit)
        if taken.by_voice and rules is not None and rules.create_response:
            self._owed.owe()
            self._owed.look()

    # -------------------------------------------------------------------------------------- from the server

    def _server_event(self, event: ServerEvent) -> None:
        match event:
            case server.SessionCreated(session=session) | server.SessionUpdated(session=session):
                self._session = session
                self._manual = self._here and session.audio.input.turn_detection is None
                if isinstance(event, server.SessionCreated):
                    self._owed.running.clear()
                    self._theirs_open = False
                    for item_id in self._names.anew(self._link.waiting_commits):
                        self._wordless(item_id, server.TranscriptionError(code="link", message="the link broke"))
                if self._here:
                    event = event.model_copy(update={"session": with_rules(session, self._turns.rules)})
            case server.SpeechStarted() | server.SpeechStopped() | server.BufferCleared():
                self._theirs_open = isinstance(event, server.SpeechStarted)
                if self._here:
                    self._insisting(event)
                    return
                # A session's clock counts what it was given: less than was heard, after a break or a switch.
                event = later(event, self._turns.now_ms - self._link.appended_ms)
            case server.BufferCommitted(item_id=item_id):
                self._theirs_open = False
                if self._names.named(item_id):
                    return
                if not self._here and self._turns.rules is not None:
                    self._turns.clear()  # what the server has is no part of another turn
            case server.TranscriptionDelta(item_id=item_id) if self._here:
                self._names.early(item_id, self._turns.item_id)
            case server.ErrorEvent(error=error) if self._refused(error):
                return
            case server.ResponseCreated(response=response):
                self._owed.running.add(response.id)
            case server.ResponseDone(response=response):
                self._owed.done(response.id)
        event = self._names.read(event)
        if isinstance(event, server.ItemAdded | server.ItemDone):
            self._last_item = event.item.id
        elif isinstance(event, server.BufferCommitted):
            self._last_item = event.item_id
        self._events.server_event(event)
        self._settle()

    def _insisting(self, event: ServerEvent) -> None:
        """A server that detects turns though it was told not to would answer each of them twice."""
        if isinstance(event, server.SpeechStarted) and self._manual and self._wanted:
            self._wanted = False
            self._tell("The server detects turns by itself, whatever it is told: now its turns count.", "warning")
            self._settle()

    def _refused(self, error: ErrorDetail) -> bool:
        """An error about what we have asked by ourselves; True: nobody else needs to know."""
        event_id = error.event_id or ""
        if event_id.startswith(f"create_{OWN}_"):
            if error.code == "conversation_already_has_active_response":
                self._owed.owe()
                return True
            return False
        commit = event_id.startswith(f"commit_{OWN}_") or error.code == "input_audio_buffer_commit_empty"
        if commit and (item_id := self._names.refused()) is not None:  # else its words would be waited for
            self._wordless(item_id, server.TranscriptionError(code=error.code, message=error.message))
        return False

    def _wordless(self, item_id: str, why: server.TranscriptionError) -> None:
        self._emit(server.TranscriptionFailed(item_id=item_id, error=why))

    def _echo(self) -> server.SessionUpdated:
        return server.SessionUpdated(session=with_rules(self._session or SessionObject(id=OWN), self._turns.rules))

    def _emit(self, event: ServerEvent) -> None:
        if not event.event_id:
            event = event.model_copy(update={"event_id": self._ids.next("event")})
        self._events.server_event(event)

    # ------------------------------------------------------------------------------------- time, and the judge

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self._run(lambda: self._turns.tick(round(self._clock() * 1000)))
            self._owed.look()
            self._settle()

    def _post(self, ask: Ask, on_answer: Callable[[Answer], None] | None = None) -> None:
        """While the server decides, the judge is not asked: P is 0.5."""
        if self._pool is not None and (self._here or on_answer is None):
            self._pool.post(ask, on_answer and (lambda answer: self._run(lambda: on_answer(answer))))
        elif on_answer is not None:
            asyncio.get_running_loop().call_soon(on_answer, Failed("no_judge", "there is no judge"))

    def _wake_judge(self) -> None:
        if self._pool is not None and wants_judge(self._echo()):
            self._pool.wake(Port.JUDGE)

    def _link_status(self, status: LinkStatus) -> None:
        self._status = status
        self._events.status(status)

    def _worker_event(self, event: WorkerEvent) -> None:
        self._tell(event.message, "error" if event.kind in ("died", "failed") else "information")

    def _tell(self, told: str, severity: str) -> None:
        self._events.status(LinkStatus(self._status.ready, self._status.text, told, severity))
