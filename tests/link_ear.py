"""What a link reports, and turns that are spoken into it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import virtual
from canary import CANARY
from services import Quirks, Service

from tui_assistant.links.base import LinkEvents, LinkStatus
from tui_assistant.links.vendors.endpoint import endpoint
from tui_assistant.links.websocket import WebSocketLink
from tui_assistant.protocol import client, server
from tui_assistant.protocol.server import ServerEvent
from tui_assistant.protocol.session import ServerVad

MANUAL = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}
VOICE = {"type": "realtime", "audio": {"input": {"turn_detection": ServerVad().model_dump()}}}
URL = "ws://127.0.0.1:1/v1/realtime"
QWEN_URL = "ws://127.0.0.1:1/api-ws/v1/realtime"


class Ear:
    """What a link has reported."""

    def __init__(self) -> None:
        self.events: list[ServerEvent] = []
        self.statuses: list[LinkStatus] = []
        self.callbacks = LinkEvents(self.events.append, lambda observation: None, self.statuses.append)

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]

    @property
    def told(self) -> str:
        return " ".join(status.told for status in self.statuses)

    @property
    def state(self) -> str:
        return self.statuses[-1].text

    @property
    def errors(self) -> list[str]:
        return [event.error.message for event in self.events if isinstance(event, server.ErrorEvent)]

    @property
    def answered(self) -> list[int]:
        """The turns of which an answer was heard, as a service of services.py names them."""
        heard = {event.item_id for event in self.events if isinstance(event, server.OutputAudioDelta)}
        texts = [
            event.delta.removeprefix("answer to ")
            for event in self.events
            if isinstance(event, server.OutputAudioTranscriptDelta) and event.item_id in heard
        ]
        return [int(turn) for text in texts for turn in text.split(",") if turn]

    async def until(self, condition: Callable[[], object], seconds: float = 60.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110  # a test waits for what a peer does
                await asyncio.sleep(0.01)


@asynccontextmanager
async def opened(url: str, ear: Ear, key: str = CANARY, **options: Any) -> AsyncIterator[WebSocketLink]:
    place = endpoint(url, {"KEY": key}, key_env="KEY")
    link = WebSocketLink(place, **{"chance": lambda: 0.0, **options})
    try:
        await link.open(ear.callbacks)
        yield link
    finally:
        await link.close()


def spoken(turn: int, ms: int, rate: int) -> bytes:
    """Speech of that turn; 0: silence."""
    return np.full(rate * ms // 1000, turn, "<i2").tobytes()


def talk(link: WebSocketLink, turn: int, ms: int = 300) -> None:
    """A turn by hand, asked to be answered."""
    link.feed(spoken(turn, ms, link.input_rate))
    link.send(client.InputAudioBufferCommit())
    link.send(client.ResponseCreate())


async def live(link: WebSocketLink, pieces: list[tuple[int, int]]) -> None:
    """(turn, ms) after one another, at the pace of time, in frames of 20 ms."""
    for turn, ms in pieces:
        for _ in range(ms // 20):
            link.feed(spoken(turn, 20, link.input_rate))
            await asyncio.sleep(0.02)


Job = Callable[[WebSocketLink, Ear, Service], Awaitable[None]]


def converse(job: Job, *quirks: Quirks, url: str = URL, settings: Any = MANUAL, **options: Any) -> tuple[Ear, Service]:
    """`job` on an open link, in virtual time."""
    ear, service = Ear(), Service(*quirks)

    async def run() -> None:
        async with opened(url, ear, connect=service.dial, **options) as link:
            link.send(client.SessionUpdate(session=settings))
            await job(link, ear, service)

    virtual.run(run())
    return ear, service


def dones(ear: Ear) -> list[str]:
    return [event.response.status for event in ear.events if isinstance(event, server.ResponseDone)]


async def one_turn(link: WebSocketLink, ear: Ear, service: Service) -> None:
    talk(link, 1)
    await ear.until(lambda: dones(ear))
