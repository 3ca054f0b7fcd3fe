"""Wraps a link and a microphone so that a listener hears what passes; nothing is changed on its way."""

from __future__ import annotations

from typing import Any, Protocol

from tui_assistant.audio.base import DeviceState, Microphone
from tui_assistant.engine.observation import FrameSeen, Observation
from tui_assistant.links.base import Link, LinkEvents
from tui_assistant.protocol import server
from tui_assistant.protocol.client import ClientEvent
from tui_assistant.sound.samples import Samples


class Listener(Protocol):
    """All calls come from the Talk thread."""

    def event(self, event: server.ServerEvent | ClientEvent, *, by_server: bool) -> None: ...

    def seen(self, frame: FrameSeen) -> None: ...

    def heard(self, samples: Samples, rate: int, lost: int) -> None:
        """`lost` samples went before these."""
        ...


class TappedLink:
    """The listener hears every event before the side that it is for."""

    def __init__(self, link: Link, listener: Listener) -> None:
        self._inner = link
        self._listener = listener
        self._fed_bytes = 0
        self.name = link.name
        self.input_rate = link.input_rate
        self.output_rate = link.output_rate
        self.session: server.SessionCreated | server.SessionUpdated | None = None  # the newest

    @property
    def observes(self) -> bool:
        return self._inner.observes

    @property
    def fine(self) -> bool:
        return self._inner.fine

    @property
    def fed_ms(self) -> float:
        """All audio that the link was given."""
        return round(self._fed_bytes // 2 * 1000 / self.input_rate, 3)

    @property
    def about(self) -> dict[str, Any]:
        return {"name": self.name, "input_rate": self.input_rate, "output_rate": self.output_rate}

    async def open(self, events: LinkEvents) -> None:
        def server_event(event: server.ServerEvent) -> None:
            if isinstance(event, server.SessionCreated | server.SessionUpdated):
                self.session = event
            self._listener.event(event, by_server=True)
            events.server_event(event)

        def observation(observation: Observation) -> None:
            if isinstance(observation, FrameSeen):
                self._listener.seen(observation)
            events.observation(observation)

        await self._inner.open(LinkEvents(server_event, observation, events.status))

    def send(self, event: ClientEvent) -> None:
        self._listener.event(event, by_server=False)
        self._inner.send(event)

    def feed(self, pcm: bytes) -> None:
        self._fed_bytes += len(pcm)
        self._inner.feed(pcm)

    async def ready(self) -> None:
        await self._inner.ready()

    @property
    def counters(self) -> dict[str, int]:
        return self._inner.counters

    async def close(self) -> None:
        await self._inner.close()


class TappedMicrophone:
    """The listener hears all samples that are read."""

    def __init__(self, microphone: Microphone, listener: Listener) -> None:
        self._inner = microphone
        self._listener = listener
        self._next = microphone.position
        self.name = microphone.name

    @property
    def rate(self) -> int:
        return self._inner.rate

    @property
    def lost(self) -> int:
        return self._inner.lost

    @property
    def position(self) -> int:
        return self._inner.position

    @property
    def state(self) -> DeviceState:
        return self._inner.state

    @property
    def silent(self) -> bool:
        return self._inner.silent

    def start(self) -> None:
        self._inner.start()

    def read(self) -> Samples:
        samples = self._inner.read()
        lost, self._next = self._inner.position - self._next - len(samples), self._inner.position
        if len(samples):
            self._listener.heard(samples, self._inner.rate, max(0, lost))
        return samples

    def position_at(self, at: float) -> int:
        return self._inner.position_at(at)

    def close(self) -> None:
        self._inner.close()
