"""The conversation runs on a server: events over a WebSocket, which may break and is then opened again."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable

from tui_assistant.errors import LinkError
from tui_assistant.links.base import LinkEvents, LinkStatus
from tui_assistant.links.channel import Channel, Wire
from tui_assistant.links.kept import Kept
from tui_assistant.links.names import Names
from tui_assistant.links.reasons import DownError, error_of, in_words, plain
from tui_assistant.links.reconnect import Backoff
from tui_assistant.links.refresh import Refresh
from tui_assistant.links.requests import ANSWER_S, Requests
from tui_assistant.links.sockets import Dial, dial
from tui_assistant.links.traffic import Traffic, TrafficMeter
from tui_assistant.links.vendors.endpoint import Endpoint
from tui_assistant.protocol import client, server
from tui_assistant.protocol.client import ClientEvent
from tui_assistant.protocol.items import JsonObject
from tui_assistant.protocol.server import ServerEvent

BLOCK_MS = 100  # of audio in one event: what the services recommend
TICK_S = 0.25  # a twentieth of the shortest time that is watched
NUDGE_SHARE = 0.8  # of the time after which a service ends a session that says nothing
LONG_S = 60.0  # a session that the server ends later than this, with nothing going on, is nothing to worry about


class WebSocketLink:
    """A Realtime server of OpenAI's or Qwen's kind."""

    observes = False
    fine = False

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        session: JsonObject | None = None,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        connect: Dial = dial,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`session`: what every session is told first, e.g. instructions and voice, in GA's form.

        `clock`: of the traffic. `wall`: Unix time, in which servers say when a session ends. All else goes by the
        loop's clock.
        """
        self._endpoint = endpoint
        self._vendor = endpoint.vendor
        self.name = endpoint.name
        self.input_rate = self._vendor.input_rate
        self.output_rate = self._vendor.output_rate
        self._meter = TrafficMeter(endpoint.host, self.input_rate, self.output_rate, leaves=endpoint.leaves)
        self._clock = clock
        self._connect = connect
        self._wall = wall
        self._backoff = Backoff(chance)
        self._kept = Kept(self.input_rate, self.output_rate)
        for patch in (_formats(endpoint), session or {}):
            self._kept.sent(client.SessionUpdate(session={"type": "realtime", **patch}))
        self._events = LinkEvents(lambda event: None, lambda observation: None, lambda status: None)
        self._channel: Channel | None = None
        self._fresh: Channel | None = None  # takes the place of the channel that was ended for it
        self._requests = Requests(0.0)
        self._refresh = Refresh(0.0, 0.0)
        self._sessions = 0
        self._up = self._over = False  # a session takes what we send; no other will come
        self._begun_s = self._sent_s = 0.0
        self._told_ms = 0  # of the audio that was dropped
        self._last_error: DownError | None = None  # with which the server began to end the session
        self._block = bytearray()
        self._appended = 0  # bytes that this session was given
        self._running: asyncio.Task[None] | None = None
        self._counters = Counter[str]()
        self._wire = Wire(self._counters, self._meter, clock)

    # -------------------------------------------------------------------------------------------------- Link

    async def open(self, events: LinkEvents) -> None:
        """Raises LinkError when there is no session: it is the first try, and nothing is lost with it."""
        self._events = events
        events.status(LinkStatus(False, "connecting"))
        self._begin(await self._session())
        if self._endpoint.leaves:
            events.status(LinkStatus(True, "ready", f"↗ What you say is sent to {self._endpoint.host}.", "warning"))
        self._running = asyncio.create_task(self._run())

    def send(self, event: ClientEvent) -> None:
        self._flush_block()
        understood = self._kept.sent(event)
        if self._up and understood:
            self._put(event)

    def feed(self, pcm: bytes) -> None:
        if not self._up:
            if not self._over:
                self._kept.waiting(pcm)
            return
        self._kept.fed(pcm)
        self._block += pcm
        size = self.input_rate * BLOCK_MS // 1000 * 2
        while len(self._block) >= size:
            self._append(bytes(self._block[:size]))
            del self._block[:size]

    async def ready(self) -> None:
        """A session is there once `open` has returned."""

    @property
    def appended_ms(self) -> int:
        """Audio that the session which runs now was given: its clock."""
        return (self._appended + len(self._block)) // 2 * 1000 // self.input_rate

    @property
    def waiting_commits(self) -> tuple[str | None, ...]:
        """The event ids of the commits that no session has confirmed, in order: a new one is told them again."""
        return self._kept.commit_ids

    @property
    def counters(self) -> dict[str, int]:
        self._counters["link_audio_lost_ms"] = self._kept.dropped_ms
        return {name: count for name, count in self._counters.items() if count}

    def traffic(self) -> Traffic:
        """What has really gone over the wire so far."""
        return self._meter.traffic(self._clock())

    async def close(self) -> None:
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running
        if self._channel is not None:
            await self._channel.close()

    # ------------------------------------------------------------------------------------------- the sessions

    async def _run(self) -> None:
        """Until `close`: one session after the other."""
        while True:
            why = await self._converse()
            lasted = self._now - self._begun_s
            self._up = False
            fresh, self._fresh = self._fresh, None
            if fresh is None:
                self._backoff.lasted(lasted)
                self._break(why, calm=self._kept.quiet and lasted >= LONG_S)
            else:
                self._forget_session()
            if self._channel is not None:
                await self._channel.close()
            if fresh is not None:
                self._begin(fresh)
            elif not await self._reconnect(why):
                return

    async def _reconnect(self, why: DownError) -> bool:
        """False: it is of no use any more."""
        told = ""
        while not why.final:
            await asyncio.sleep(self._backoff.wait_s(why.wait_s))
            try:
                fresh = await self._session()
            except DownError as error:
                why = error
                new = "" if str(why) == told or why.final else f"{why}. It is tried again."
                told = str(why)
                text = f"reconnecting, try {self._backoff.tries + 1}"
                self._events.status(LinkStatus(False, text, new, "warning"))
                continue
            waited_s, dropped_s = self._kept.waiting_s, (self._kept.dropped_ms - self._told_ms) / 1000
            self._told_ms = self._kept.dropped_ms
            sent = f" {waited_s:.0f} s of what you said meanwhile is sent now." if waited_s >= 1 else ""
            sent += f" {dropped_s:.0f} s of it were too much to keep." if dropped_s >= 1 else ""
            self._begin(fresh)
            severity = "warning" if dropped_s >= 1 else "information"
            self._events.status(LinkStatus(True, "ready", f"The link is there again.{sent}", severity))
            return True
        self._over = True
        self._kept.give_up()
        text = f"{why}{self._lost_in_words()}"
        self._events.status(LinkStatus(False, "refused", text, "error", lost=True))
        return False

    async def _session(self) -> Channel:
        """Raises DownError."""
        first = client.SessionUpdate(session=self._kept.settings)
        self._sessions += 1
        names = Names(self._sessions)
        channel = Channel(await self._connect(self._endpoint), self._endpoint, self._wire, names)
        await channel.greet(first)
        return channel

    def _begin(self, channel: Channel) -> None:
        """Says what a new session has to know."""
        self._channel, self._last_error = channel, None
        self._begun_s = self._sent_s = self._now
        self._requests = Requests(self._now, self._vendor.cancel_s)
        self._refresh = Refresh(self._vendor.session_s, self._now)
        self._appended = 0
        for event in channel.greeting:
            self._pass_on(event)
        for place, each in enumerate(self._kept.again()):
            if place == 0 and channel.told:
                continue  # the settings
            if isinstance(each, bytes):
                self._append(each)
            else:
                self._put(each)
        self._up = True
        self._events.status(LinkStatus(True, "ready"))

    async def _converse(self) -> DownError:
        """Both directions, until the session ends; why it did."""
        assert self._channel is not None
        channel = self._channel
        tasks = [asyncio.create_task(channel.send()), asyncio.create_task(self._watch(channel))]
        try:
            while True:
                for event in await channel.receive():
                    self._pass_on(event)
        except DownError as why:
            return self._last_error or why
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self, channel: Channel) -> None:
        """What has to happen though nothing comes."""
        while True:
            await asyncio.sleep(TICK_S)
            for event in self._requests.tick(self._now):
                self._tell(event)
            if (create := self._requests.due(self._now)) is not None:
                self._put(create)
            if self._requests.silent(self._now):
                if self._kept.waits:
                    self._counters["link_stalls"] += 1
                    channel.abort(f"no answer for {ANSWER_S:.0f} s")
                for event in self._requests.stalled():
                    self._tell(event)
            idle_s = self._vendor.idle_s * NUDGE_SHARE
            if idle_s and self._now - self._sent_s >= idle_s:
                self._put(client.SessionUpdate(session=self._kept.settings))
            if self._refresh.due(self._now, quiet=self._kept.quiet, answering=self._kept.answering):
                await self._replace(channel)

    async def _replace(self, channel: Channel) -> None:
        """A new session before the service ends this one; it goes on until the other is there."""
        quiet = self._kept.quiet
        try:
            fresh = await self._session()
        except LinkError:
            self._refresh.failed(self._now)
            return
        if quiet and not self._kept.quiet:  # somebody began to speak meanwhile: there will be another moment
            self._refresh.failed(self._now)
            await fresh.close()
            return
        self._fresh = fresh
        channel.abort("another session takes its place")

    # -------------------------------------------------------------------------------------------- their breaks

    def _break(self, why: DownError, *, calm: bool) -> None:
        """The session is gone: the conversation is told what nobody answers any more."""
        self._forget_session()
        lost = self._lost_in_words()
        if why.final:
            return  # `_reconnect` says it
        mild = (calm or "longest time" in why.message) and not lost
        words = "The server ended the session" if mild else "The link broke"
        told = f"{words}: {why.message}. Trying again; what you say is kept.{lost}"
        self._events.status(LinkStatus(False, "reconnecting", told, "information" if mild else "warning"))

    def _forget_session(self) -> None:
        self._up = False
        self._block.clear()  # it is kept too
        for event in self._kept.broke():
            self._events.server_event(event)

    def _lost_in_words(self) -> str:
        lost = self._kept.take_lost()
        self._counters["link_turns_lost"] += lost
        if not lost:
            return ""
        turn = "turn was" if lost == 1 else f"{lost} turns were"
        return f" Your last {turn} not answered: say it again."

    # -------------------------------------------------------------------------------------------------- events

    @property
    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _pass_on(self, event: ServerEvent) -> None:
        for each in self._requests.received(event, self._now):
            self._tell(each)

    def _tell(self, event: ServerEvent) -> None:
        if isinstance(event, server.ErrorEvent):
            event = self._explained(event)
        elif isinstance(event, server.SessionCreated) and event.session.expires_at is not None:
            self._refresh.begun(self._now, event.session.expires_at - self._wall())
        if self._kept.received(event):
            self._events.server_event(event)

    def _explained(self, event: server.ErrorEvent) -> server.ErrorEvent:
        known = plain(event.error)
        if known is not None and known.ends:
            self._last_error = error_of(self._endpoint.name, event.error)
        if known is None and event.error.message:
            return event
        text = in_words(self._endpoint.name, event.error)
        return event.model_copy(update={"error": event.error.model_copy(update={"message": text})})

    def _flush_block(self) -> None:
        """What has been fed comes before what is sent behind it."""
        if self._block and self._up:
            self._append(bytes(self._block))
        self._block.clear()

    def _append(self, pcm: bytes) -> None:
        self._appended += len(pcm)
        self._put(client.InputAudioBufferAppend(audio=base64.b64encode(pcm).decode("ascii")))

    def _put(self, event: ClientEvent) -> None:
        if self._channel is None:
            return
        self._requests.sent(event, self._now)
        self._sent_s = self._now
        self._channel.put(event)


def _formats(endpoint: Endpoint) -> JsonObject:
    def pcm(rate: int) -> JsonObject:
        return {"format": {"type": "audio/pcm", "rate": rate}}

    return {"audio": {"input": pcm(endpoint.vendor.input_rate), "output": pcm(endpoint.vendor.output_rate)}}
