"""A link to the engine itself, with a detector that follows a script and without models: turns, and no answers."""

from __future__ import annotations

from fakes import ASKS, OBSERVATIONS, RATE, ScriptedDetector

from tui_assistant.engine.outbox import Output
from tui_assistant.engine.session import Session
from tui_assistant.links.base import LinkEvents, LinkStatus
from tui_assistant.protocol import client
from tui_assistant.protocol.session import Audio, AudioInput, PcmFormat, SessionConfig


class SessionLink:
    """`probabilities`: of the frames that the session hears, whatever is in them."""

    name, input_rate, output_rate, observes, fine = "session", RATE, 24_000, True, True

    def __init__(self, probabilities: list[float]) -> None:
        config = SessionConfig(audio=Audio(input=AudioInput(format=PcmFormat(rate=RATE))))
        self.session = Session(ScriptedDetector(probabilities), config)
        self.counters: dict[str, int] = {}
        self.sent: list[client.ClientEvent] = []
        self.audio = bytearray()
        self._events: LinkEvents | None = None
        self.closed = False

    async def open(self, events: LinkEvents) -> None:
        self._events = events
        events.status(LinkStatus(True, "ready"))
        self._pass_on(self.session.begin())

    def send(self, event: client.ClientEvent) -> None:
        self.sent.append(event)
        self._pass_on(self.session.event(event))

    def feed(self, pcm: bytes) -> None:
        self.audio += pcm
        self._pass_on(self.session.feed(pcm))

    def _pass_on(self, outputs: list[Output]) -> None:
        assert self._events is not None
        for output in outputs:
            if isinstance(output, OBSERVATIONS):
                self._events.observation(output)  # type: ignore[arg-type]
            elif not isinstance(output, ASKS):
                self._events.server_event(output)  # type: ignore[arg-type]

    async def ready(self) -> None:
        """It always is."""

    async def close(self) -> None:
        self.closed = True

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.sent]
