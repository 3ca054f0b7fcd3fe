"""A running Talk on a scripted link, and what it told."""

from __future__ import annotations

import base64
import queue
import time
from collections.abc import Callable

import numpy as np
from conversation import updated

from tui_assistant.audio.base import Microphone
from tui_assistant.errors import DeviceError
from tui_assistant.links.base import LinkEvents, LinkStatus
from tui_assistant.protocol import client, server
from tui_assistant.protocol.session import ServerVad
from tui_assistant.runtime import api
from tui_assistant.runtime.options import TalkOptions
from tui_assistant.runtime.talk import Talk
from tui_assistant.sound.wav import Recording

RATE = 16_000


class ScriptedLink:
    """Keeps what it is sent; `say` lets the server speak, on the Talk thread."""

    name, input_rate, output_rate, observes, fine = "scripted", RATE, 24_000, False, True

    def __init__(self) -> None:
        self.sent: list[client.ClientEvent] = []
        self.audio = bytearray()
        self.events: LinkEvents | None = None
        self.counters: dict[str, int] = {}
        self.closed = False
        self.talk: Talk | None = None

    async def open(self, events: LinkEvents) -> None:
        self.events = events
        events.status(LinkStatus(True, "ready"))

    def send(self, event: client.ClientEvent) -> None:
        self.sent.append(event)
        if isinstance(event, client.SessionUpdate) and self.events is not None:
            rules = event.session["audio"]["input"]["turn_detection"]
            self.events.server_event(updated(ServerVad(**rules) if rules else None))

    def feed(self, pcm: bytes) -> None:
        self.audio += pcm

    async def ready(self) -> None:
        """It always is."""

    async def close(self) -> None:
        self.closed = True

    def say(self, *events: server.ServerEvent) -> None:
        assert self.talk is not None
        assert self.events is not None
        for event in events:
            self.talk._call(lambda event=event: self.events.server_event(event))  # type: ignore[misc,union-attr]

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.sent]


class Desk:
    """A running Talk and what it told."""

    def __init__(self, link: ScriptedLink, options: TalkOptions) -> None:
        self.link = link
        self.talk = link.talk = Talk(link, options)
        self._notices: queue.SimpleQueue[api.Notice] = queue.SimpleQueue()
        self.notices: list[api.Notice] = []
        self.talk.start(self._notices.put)
        self.until(lambda: self.snapshot.microphone != "" or bool(self.suggested) or bool(self.ended))

    def until(self, condition: Callable[[], bool], seconds: float = 8.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, (self.snapshot, self.notices, self.link.types)
            time.sleep(0.005)

    @property
    def snapshot(self) -> api.Snapshot:
        return self.talk.snapshot()

    @property
    def told(self) -> list[str]:
        while not self._notices.empty():
            self.notices.append(self._notices.get())
        return [notice.text for notice in self.notices if isinstance(notice, api.Told)]

    @property
    def lines(self) -> dict[str, api.Line]:
        _ = self.told
        return {notice.line.key: notice.line for notice in self.notices if isinstance(notice, api.LineChanged)}

    @property
    def suggested(self) -> list[str]:
        _ = self.told
        return [notice.text for notice in self.notices if isinstance(notice, api.Suggest) and notice.text]

    @property
    def suggested_last(self) -> str:
        _ = self.told
        return [notice.text for notice in self.notices if isinstance(notice, api.Suggest)][-1]

    @property
    def ended(self) -> list[api.Ended]:
        _ = self.told
        return [notice for notice in self.notices if isinstance(notice, api.Ended)]


def noise(seconds: float) -> Recording:
    samples = np.random.default_rng(1).integers(-3000, 3000, int(RATE * seconds)).astype(np.int16)
    return Recording(samples, RATE, 1, False)


def sound(seconds: float, item: str = "a1") -> server.OutputAudioDelta:
    pcm = np.full(int(24_000 * seconds), 500, "<i2").tobytes()
    return server.OutputAudioDelta(response_id="resp_1", item_id=item, delta=base64.b64encode(pcm).decode())


class Socket:
    """Where microphones are plugged in: `open` is the runtime's open_microphone."""

    def __init__(self) -> None:
        self.plugged: Microphone | None = None

    def open(self, name: str | None) -> Microphone:
        if self.plugged is None:
            raise DeviceError("no microphone found", "plug one in")
        return self.plugged
