"""A whole Talk on virtual time: a recording is heard as fast as the conversation settles, while an answer plays.

The microphone gives its next frame once everything that follows from the one before has come: so what is compared is
what the conversation does, and not how fast machine and network are.
"""

from __future__ import annotations

import queue
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tui_assistant.audio.base import DeviceList, DeviceState
from tui_assistant.audio.clocked import ClockedSpeaker
from tui_assistant.client.interruption import BargeInTimes
from tui_assistant.client.turns import TurnRecord
from tui_assistant.links.base import Link, LinkEvents
from tui_assistant.links.traffic import Traffic
from tui_assistant.links.websocket import WebSocketLink
from tui_assistant.protocol import client, server
from tui_assistant.protocol.server import ServerEvent
from tui_assistant.record.reader import read_events
from tui_assistant.runtime import api, equipment, talk
from tui_assistant.runtime.options import TalkOptions
from tui_assistant.runtime.recording import Recorder
from tui_assistant.runtime.talk import Talk
from tui_assistant.sound.samples import Samples

STEP_S = 0.032  # a frame of the detector
PING = "ping_"


class Settled:
    """Wraps the link that talks to the engine, here or far away, and knows whether it has no more to say for now."""

    def __init__(self, link: Any) -> None:
        self._link = link
        self.name, self.input_rate, self.output_rate = link.name, link.input_rate, link.output_rate
        self.observes, self.fine = link.observes, link.fine
        self.bytes_fed = 0
        self._fresh = True  # something was said to it since the last ping
        self._pings = self._answered = 0
        self._responses = 0  # asked for and not done
        self._wordless: set[str] = set()

    async def open(self, events: LinkEvents) -> None:
        def server_event(event: ServerEvent) -> None:
            match event:
                case server.ErrorEvent(error=error) if (error.event_id or "").startswith(PING):
                    self._answered += 1
                    return
                case server.BufferCommitted(item_id=item_id):
                    self._wordless.add(item_id)
                case server.TranscriptionCompleted(item_id=item_id) | server.TranscriptionFailed(item_id=item_id):
                    self._wordless.discard(item_id)
                case server.ResponseDone():
                    self._responses -= 1
            self._fresh = True
            events.server_event(event)

        await self._link.open(LinkEvents(server_event, events.observation, events.status))

    def send(self, event: client.ClientEvent) -> None:
        self._fresh = True
        self._responses += isinstance(event, client.ResponseCreate)
        self._link.send(event)

    def feed(self, pcm: bytes) -> None:
        self._fresh = True
        self.bytes_fed += len(pcm)
        self._link.feed(pcm)

    def calm(self) -> bool:
        """Asks whether all has been dealt with, if it was not asked since something was said."""
        if self._answered < self._pings or self._responses or self._wordless:
            return False
        if self._fresh:
            self._fresh = False
            self._pings += 1
            self._ask(client.ConversationItemRetrieve(event_id=f"{PING}{self._pings}", item_id="nobody"))
            return False
        return True

    def _ask(self, ping: client.ConversationItemRetrieve) -> None:
        if isinstance(self._link, WebSocketLink):  # which sends nothing about items that are not in the session
            self._link._flush_block()
            self._link._put(ping)
        else:
            self._link.send(ping)

    @property
    def appended_ms(self) -> int:
        return int(self._link.appended_ms)

    @property
    def waiting_commits(self) -> tuple[str | None, ...]:
        return tuple(self._link.waiting_commits)

    def traffic(self) -> Traffic:
        traffic: Traffic = self._link.traffic()
        return traffic

    @property
    def counters(self) -> dict[str, int]:
        return dict(self._link.counters)

    async def ready(self) -> None:
        await self._link.ready()

    async def close(self) -> None:
        await self._link.close()


class PacedMicrophone:
    """Its samples are the clock: `now` is how much of them was read, in seconds."""

    name, lost, silent, state = "recording", 0, False, DeviceState.RUNNING

    def __init__(self, samples: Samples, rate: int, link: Settled) -> None:
        self._samples = samples
        self._link = link
        self.rate = rate
        self.position = 0
        self.ended = False

    def now(self) -> float:
        return self.position / self.rate

    def start(self) -> None:
        """Nothing to open."""

    def read(self) -> Samples:
        if self.ended or not self._link.calm():
            return np.zeros(0, np.int16)
        end = min(len(self._samples), self.position + round(STEP_S * self.rate))
        read, self.position = self._samples[self.position : end], end
        self.ended = not len(read)
        return read

    def position_at(self, at: float) -> int:
        return round(at * self.rate)

    def close(self) -> None:
        """Nothing to close."""


class Tape(ClockedSpeaker):
    """Keeps what is heard of it, silence included."""

    def __init__(self, clock: Any) -> None:
        super().__init__(clock=clock)
        self.heard = bytearray()

    def _emit(self, samples: Samples) -> None:
        self.heard += samples.tobytes()


@dataclass(frozen=True)
class Told:
    """What came of a conversation."""

    events: list[dict[str, Any]]  # of client and server; their `type`, and all they say
    lines: list[dict[str, Any]]  # of the transcript, as they stood at the end
    records: tuple[TurnRecord, ...]
    heard: bytes
    fed_s: float  # audio that the engine got
    frames: tuple[api.ScopeFrame, ...] = field(repr=False, default=())
    snapshot: api.Snapshot = field(repr=False, default_factory=api.Snapshot)


def converse(
    link: Link, settled: Settled, samples: Samples, rate: int, folder: Path, patch: pytest.MonkeyPatch, **options: Any
) -> Told:
    """`settled`: `link` itself, or what it wraps."""
    microphone = PacedMicrophone(samples, rate, settled)
    speaker = Tape(microphone.now)
    patch.setenv("TUI_ASSISTANT_STATE", str(folder / "state"))
    patch.setattr(equipment, "open_microphone", lambda name: microphone)
    patch.setattr(equipment, "list_devices", DeviceList)
    patch.setattr(equipment, "ClockedSpeaker", lambda *given, **keys: speaker)
    patch.setattr(talk, "POLL_S", 0.0)
    recorder = Recorder(folder / "recording", clock=microphone.now)
    wanted = TalkOptions(
        **{"output": "none", "remember": False, "headphones": True, "barge_in": BargeInTimes(), **options}
    )
    conversation = Talk(link, wanted, clock=microphone.now, recorder=recorder)
    notices: queue.SimpleQueue[api.Notice] = queue.SimpleQueue()
    conversation.start(notices.put)
    deadline = time.monotonic() + 120  # a busy machine: what is heard is in virtual time
    while not (microphone.ended and settled.calm()):
        assert time.monotonic() < deadline, (microphone.position, settled.__dict__)
        time.sleep(0.01)
    snapshot, records = conversation.snapshot(), conversation.turn_records()
    conversation.close()
    lines: dict[str, api.Line] = {}
    while not notices.empty():
        if isinstance(notice := notices.get(), api.LineChanged):
            lines[notice.line.key] = notice.line
    return Told(
        [each.event for each in read_events(folder / "recording")],
        [{"text": line.text, "note": line.note, "cut": line.interrupted_at_s} for line in lines.values()],
        records,
        bytes(speaker.heard),
        settled.bytes_fed / 2 / settled.input_rate,
        snapshot.frames,
        snapshot,
    )
