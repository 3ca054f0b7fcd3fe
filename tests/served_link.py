"""A link to a server that is our own engine, without a wire: it answers at once, and keeps what it was sent."""

from __future__ import annotations

from typing import Any

from fakes import RATE, Driver, LoudnessDetector, Models, config
from fakes import tone as fake_tone

from tui_assistant.engine.ports import SpeechDetector
from tui_assistant.links.base import LinkEvents, LinkStatus
from tui_assistant.links.local_turns import LocalTurns, Where
from tui_assistant.links.traffic import Traffic
from tui_assistant.protocol import client, server
from tui_assistant.protocol.server import ServerEvent
from tui_assistant.protocol.session import ServerVad

STEP = 640  # bytes: 20 ms at RATE


def tone(ms: int) -> bytes:
    """What LoudnessDetector takes for speech."""
    return fake_tone(ms, 16_000)


class ServedLink:
    """`holding`: what follows from events is kept for `release`, as if it were still being worked on."""

    name, input_rate, output_rate, observes, fine = "served", RATE, 24_000, False, False

    def __init__(self, detector: SpeechDetector | None = None) -> None:
        self._detector = detector
        self.sent: list[client.ClientEvent] = []
        self.audio = bytearray()
        self.counters: dict[str, int] = {}
        self.holding = False
        self.closed = False
        self._begin()

    def _begin(self) -> None:
        """A session that knows nothing."""
        heard = {"transcription": {"model": None}}
        models = Models(words=[f"words {number}" for number in range(1, 100)])
        self.driver = Driver(self._detector or LoudnessDetector(), config(ServerVad(), input=heard), models)
        self._told = 0
        self._given = 0

    async def open(self, events: LinkEvents) -> None:
        self.events = events
        events.status(LinkStatus(True, "ready"))
        self.release()

    def again(self) -> None:
        """The connection has broken, and there is a new one."""
        self._begin()
        self.release()

    def send(self, event: client.ClientEvent) -> None:
        self.sent.append(event)
        self.driver.event(event)
        self.release(self.holding)

    def feed(self, pcm: bytes) -> None:
        self.audio += pcm
        self._given += len(pcm)
        self.driver.feed(pcm)
        self.release(self.holding)

    def release(self, holding: bool = False) -> None:
        if not holding:
            self.driver.settle()
        outputs = self.driver.outputs
        new, self._told = outputs[self._told :], len(outputs)
        for output in new:
            if isinstance(output, server.ServerEventBase):
                self.events.server_event(output)  # type: ignore[arg-type]  # its subclasses are the events

    def say(self, event: ServerEvent) -> None:
        self.events.server_event(event)

    @property
    def appended_ms(self) -> int:
        return self._given // 2 * 1000 // RATE

    @property
    def waiting_commits(self) -> tuple[str | None, ...]:
        return ()

    def traffic(self) -> Traffic:
        return Traffic()

    async def ready(self) -> None:
        """It always is."""

    async def close(self) -> None:
        self.closed = True

    @property
    def types(self) -> list[str]:
        return [event.type.removeprefix("input_audio_buffer.") for event in self.sent]


class Listened:
    """LocalTurns on a served link, and what it told."""

    def __init__(self, turns: Where = "here", served: ServedLink | None = None, **options: Any) -> None:
        self.served = served or ServedLink()
        self.now = 0.0
        options = {"detector": LoudnessDetector(), "clock": lambda: self.now, **options}
        self.link = LocalTurns(self.served, turns, **options)
        self.events: list[ServerEvent] = []
        self.frames = 0
        self.told: list[str] = []
        self.answers: dict[type, list[client.ClientEvent]] = {}  # what is sent as soon as such an event is heard

    async def __aenter__(self) -> Listened:
        await self.link.open(LinkEvents(self._event, self._seen, lambda status: self.told.append(status.told)))
        self.update(ServerVad(create_response=False, interrupt_response=False))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.link.close()
        assert self.served.closed

    def _event(self, event: ServerEvent) -> None:
        self.events.append(event)
        for answer in self.answers.get(type(event), []):
            self.link.send(answer)

    def _seen(self, observation: object) -> None:
        self.frames += 1

    def update(self, rules: ServerVad | None, **event: Any) -> None:
        settings = {"turn_detection": rules.model_dump(mode="json") if rules else None}
        self.link.send(client.SessionUpdate(session={"type": "realtime", "audio": {"input": settings}}, **event))

    def hear(self, *pieces: bytes) -> None:
        audio = b"".join(pieces)
        for begin in range(0, len(audio), STEP):
            self.link.feed(audio[begin : begin + STEP])

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def turns(self) -> list[tuple[str, str, int]]:
        """(what, item, ms) of the events that say where turns begin and end."""
        return [
            ("started", event.item_id, event.audio_start_ms)
            if isinstance(event, server.SpeechStarted)
            else ("stopped", event.item_id, event.audio_end_ms)
            for event in self.events
            if isinstance(event, server.SpeechStarted | server.SpeechStopped)
        ]

    @property
    def types(self) -> list[str]:
        """Without those of sessions and of what an answer consists of."""
        kept = ("input_audio_buffer.", "conversation.item.", "error", "response.created", "response.done")
        return [event.type for event in self.events if event.type.startswith(kept)]
