"""A server that breaks the contract in one place fails the row that says so, and no other."""

from __future__ import annotations

import asyncio
import json
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from tui_assistant.conformance.checks import CHECKS, run
from tui_assistant.conformance.peer import RATE
from tui_assistant.conformance.verdict import (
    CLEAR,
    CLEARED,
    COMMITTED,
    DONE,
    STARTED,
    STOPPED,
    Answer,
)
from tui_assistant.sound.resample import resample
from tui_assistant.testing.server import realtime_server

SPEECH = Path(__file__).parents[1] / "data" / "speech" / "lj_0002.wav"
IDLE = "idle_timeout_ms"  # takes 7 s: in the runs of its own faults only
Event = dict[str, Any]


class Fault:
    """What a proxy does to one session's events. This one does nothing; `held` is for what comes later."""

    def __init__(self) -> None:
        self.held: list[Event] = []
        self.rules: Any = {}  # turn_detection as the server has it
        self.turn: str | None = None  # the item that is being spoken

    def up(self, event: Event) -> list[Event]:
        """What the server gets instead."""
        if event["type"] == "session.update":
            rules = event["session"].get("audio", {}).get("input", {}).get("turn_detection")
            if rules is not None:
                self.change(rules)
        return [event]

    def change(self, rules: Event) -> None:
        """Alters a turn_detection on its way to the server."""

    def down(self, event: Event) -> list[Event]:
        """What the client gets instead."""
        if event["type"] == STARTED:
            self.turn = event["item_id"]
        if event["type"] in (STOPPED, COMMITTED, CLEARED):
            self.turn = None
        if event["type"] == "session.updated":
            self.rules = event["session"]["audio"]["input"]["turn_detection"]
        return [event]


class ThresholdIgnored(Fault):
    def change(self, rules: Event) -> None:
        rules["threshold"] = 0.5


class PrefixIgnored(Fault):
    def change(self, rules: Event) -> None:
        rules["prefix_padding_ms"] = 300


class SilenceIgnored(Fault):
    def change(self, rules: Event) -> None:
        rules["silence_duration_ms"] = 500


class LowIsMedium(Fault):
    def change(self, rules: Event) -> None:
        if rules.get("eagerness") == "low":
            rules["eagerness"] = "medium"


class InterruptsAlways(Fault):
    def change(self, rules: Event) -> None:
        if rules["create_response"] and rules.get("interrupt_response") is False:
            rules["interrupt_response"] = True


class DetectsWithoutRules(Fault):
    def down(self, event: Event) -> list[Event]:
        was, events = self.rules, super().down(event)
        if event["type"] == "session.updated" and was is not None and self.rules is None:
            events.append({"type": STARTED, "item_id": "item_x", "audio_start_ms": 0})
        return events


class ManualWhenUnset(Fault):
    def down(self, event: Event) -> list[Event]:
        if event["type"] == "session.created":
            event["session"]["audio"]["input"]["turn_detection"] = None
        return super().down(event)


class StoppedTwice(Fault):
    def down(self, event: Event) -> list[Event]:
        return super().down(event) * (2 if event["type"] == STOPPED else 1)


class StoppedAfterCommitted(Fault):
    def down(self, event: Event) -> list[Event]:
        if event["type"] == STOPPED:
            self.held = super().down(event)
            return []
        later, self.held = (
            self.held if event["type"] == COMMITTED else [],
            [] if event["type"] == COMMITTED else self.held,
        )
        return [*super().down(event), *later]


class CommitStops(Fault):
    def down(self, event: Event) -> list[Event]:
        open_turn = self.turn if event["type"] == COMMITTED else None
        stopped = [{"type": STOPPED, "item_id": open_turn, "audio_end_ms": 0}] if open_turn else []
        return [*stopped, *super().down(event)]


class ClearForgetsTheTurn(Fault):
    def up(self, event: Event) -> list[Event]:
        return [] if event["type"] == CLEAR and self.turn else super().up(event)

    def answers(self, event: Event) -> list[Event]:
        return [{"type": CLEARED}] if event["type"] == CLEAR and self.turn else []


class CancelCompletes(Fault):
    def down(self, event: Event) -> list[Event]:
        if event["type"] == DONE and (event["response"]["status_details"] or {}).get("reason") == "client_cancelled":
            event["response"].update(status="completed", status_details=None)
        return super().down(event)


class TruncatesElsewhere(Fault):
    def down(self, event: Event) -> list[Event]:
        if event["type"] == "conversation.item.truncated":
            event["audio_end_ms"] += 1
        return super().down(event)


FAULTS = {
    ThresholdIgnored: "threshold",
    PrefixIgnored: "prefix_padding_ms",
    SilenceIgnored: "silence_duration_ms",
    DetectsWithoutRules: "null detects nothing",
    ManualWhenUnset: "default when unset",
    StoppedTwice: "one speech_stopped per item",
    StoppedAfterCommitted: "order in server_vad mode",
    CommitStops: "commit in speech",
    ClearForgetsTheTurn: "clear in speech",
    InterruptsAlways: "create, no interrupt",
    CancelCompletes: "response.cancel",
    TruncatesElsewhere: "truncate",
    LowIsMedium: "eagerness low",
}


@asynccontextmanager
async def proxy(upstream: str, kind: type[Fault]) -> AsyncIterator[str]:
    """Our server with a fault in every session."""

    async def pass_on(client: ServerConnection) -> None:
        fault = kind()
        async with connect(upstream, proxy=None, max_size=None) as server:

            async def down() -> None:
                async for frame in server:
                    for event in fault.down(json.loads(frame)):
                        await client.send(json.dumps(event))

            task = asyncio.create_task(down())
            async for frame in client:
                event = json.loads(frame)
                if isinstance(fault, ClearForgetsTheTurn) and event["type"] == CLEAR:
                    await asyncio.sleep(0.3)  # until the server has said whether somebody speaks
                    for answer in fault.answers(event):
                        await client.send(json.dumps(answer))
                for passed in fault.up(event):
                    await server.send(json.dumps(passed))
            task.cancel()

    async with serve(pass_on, "127.0.0.1", 0, max_size=None) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/realtime"


@pytest.fixture(scope="module")
def speech() -> bytes:
    with wave.open(str(SPEECH)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return resample(samples, file.getframerate(), RATE).tobytes()


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    with realtime_server(answers=["This is a long answer that can be interrupted. " * 40]) as url:
        yield url


# All rows against one fault take 20 s: every fault is run by hand (-m soak), one in the normal run.
_SHORT, *_LONG = FAULTS


@pytest.mark.parametrize(
    "fault",
    [_SHORT, *(pytest.param(fault, marks=pytest.mark.soak) for fault in _LONG)],
    ids=lambda fault: fault.__name__,
)
async def test_a_fault_turns_exactly_its_row(upstream: str, speech: bytes, fault: type[Fault]) -> None:
    checks = {name: check for name, check in CHECKS.items() if name != IDLE}
    async with proxy(upstream, fault) as url:
        verdicts = await run(url, speech, checks=checks, at_once=8)
    assert {verdict.name: verdict.seen for verdict in verdicts if verdict.answer != Answer.YES}.keys() == {
        FAULTS[fault]
    }
