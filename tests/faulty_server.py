"""A Realtime server with one fault in each session: a proxy before our own that alters what passes.

One fault for each row of the conformance table, named by what the server does wrong.
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tui_assistant.conformance.verdict import CLEAR, CLEARED, COMMIT, COMMITTED, DONE, STARTED, STOPPED

Event = dict[str, Any]
UPDATE, UPDATED = "session.update", "session.updated"


class Fault:
    """What happens to one session's events. This one does nothing wrong."""

    first_update: ClassVar[Event | None] = None  # sent to the server before anything else

    def __init__(self) -> None:
        self.held: list[Event] = []  # for what comes later
        self.rules: Any = {}  # turn_detection in force
        self.asked: Any = {}  # as the client wanted it: what it is told
        self.turn: str | None = None  # the item that is being spoken

    def up(self, event: Event) -> list[Event]:
        """What the server gets instead."""
        if event["type"] == UPDATE:
            rules = event["session"].get("audio", {}).get("input", {}).get("turn_detection")
            if rules is not None:
                self.asked = copy.deepcopy(rules)
                self.change(rules)
        return [event]

    def answer(self, event: Event) -> list[Event]:
        """What the client gets for it from the proxy."""
        return []

    def change(self, rules: Event) -> None:
        """Alters a turn_detection on its way to the server."""

    def down(self, event: Event) -> list[Event]:
        """What the client gets instead."""
        if event["type"] == STARTED:
            self.turn = event["item_id"]
        if event["type"] in (STOPPED, COMMITTED, CLEARED):
            self.turn = None
        if event["type"] == UPDATED:
            self.rules = event["session"]["audio"]["input"]["turn_detection"]
            if self.rules is not None:
                self.rules.update(self.asked)
        return [event]


class Proxy:
    """One session."""

    def __init__(self, client: ServerConnection, server: ClientConnection, fault: Fault) -> None:
        self._client, self._server, self._fault = client, server, fault
        self._updates = deque[asyncio.Event | None]()  # those on their way; an Event: ours

    async def run(self) -> None:
        task = asyncio.create_task(self._down())
        try:
            if self._fault.first_update is not None:
                await self._synchronise({"type": "realtime", "audio": {"input": self._fault.first_update}})
            async for frame in self._client:
                event = json.loads(frame)
                if event["type"] in (COMMIT, CLEAR):
                    await self._synchronise({"type": "realtime"})
                answers, passed = self._fault.answer(event), self._fault.up(event)
                for answer in answers:
                    await self._client.send(json.dumps(answer))
                for each in passed:
                    if each["type"] == UPDATE:
                        self._updates.append(None)
                    await self._server.send(json.dumps(each))
        except ConnectionClosed:
            pass
        finally:
            task.cancel()

    async def _synchronise(self, session: Event) -> None:
        """Until the server has done all that went before; the client hears nothing of it."""
        answered = asyncio.Event()
        self._updates.append(answered)
        await self._server.send(json.dumps({"type": UPDATE, "session": session}))
        await answered.wait()

    async def _down(self) -> None:
        try:
            async for frame in self._server:
                event = json.loads(frame)
                ours = self._updates.popleft() if event["type"] == UPDATED else None
                if ours is not None:
                    ours.set()
                    continue
                for each in self._fault.down(event):
                    await self._client.send(json.dumps(each))
        except ConnectionClosed:
            pass


@asynccontextmanager
async def faulty_server(upstream: str, kind: type[Fault]) -> AsyncIterator[str]:
    """The URL of the server at `upstream` with a fault in every session."""

    async def converse(client: ServerConnection) -> None:
        # what an answer still has to say is not read any more, and so nor is a close frame behind it
        async with connect(upstream, proxy=None, max_size=None, close_timeout=0.1) as server:
            await Proxy(client, server, kind()).run()

    async with serve(converse, "127.0.0.1", 0, max_size=None, close_timeout=0.1) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/realtime"


# ------------------------------------------------------------------------------------------------------- the faults


class ThresholdIgnored(Fault):
    def change(self, rules: Event) -> None:
        rules["threshold"] = 0.5


class PrefixIgnored(Fault):
    def change(self, rules: Event) -> None:
        rules["prefix_padding_ms"] = 300


class SilenceIgnored(Fault):
    def change(self, rules: Event) -> None:
        rules["silence_duration_ms"] = 500


class DefaultIsOther(Fault):
    first_update: ClassVar[Event | None] = {"turn_detection": {"type": "server_vad", "silence_duration_ms": 200}}


class StartsLate(Fault):
    def down(self, event: Event) -> list[Event]:
        if event["type"] == STARTED:
            event["audio_start_ms"] += 500
        return super().down(event)


class EndsLate(Fault):
    def down(self, event: Event) -> list[Event]:
        if event["type"] == STOPPED:
            event["audio_end_ms"] += 500
        return super().down(event)


class DetectsWithoutRules(Fault):
    def down(self, event: Event) -> list[Event]:
        was, events = self.rules, super().down(event)
        if event["type"] == UPDATED and was is not None and self.rules is None:
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
        later: list[Event] = []
        if event["type"] == COMMITTED:
            later, self.held = self.held, []
        return [*super().down(event), *later]


class CommittedAfterItem(Fault):
    def down(self, event: Event) -> list[Event]:
        if event["type"] == COMMITTED and self.rules is None:
            self.held = super().down(event)
            return []
        later: list[Event] = []
        if event["type"] == "conversation.item.done":
            later, self.held = self.held, []
        return [*super().down(event), *later]


class CommitStops(Fault):
    def down(self, event: Event) -> list[Event]:
        open_turn = self.turn if event["type"] == COMMITTED else None
        stopped = [{"type": STOPPED, "item_id": open_turn, "audio_end_ms": 0}] if open_turn else []
        return [*stopped, *super().down(event)]


class IdleCommitIgnored(Fault):
    def up(self, event: Event) -> list[Event]:
        ignored = event["type"] == COMMIT and self.rules is not None and not self.turn
        # in "clear while idle" there is nothing to commit, which has to be said
        return [] if ignored and not self.held else super().up(event)

    def down(self, event: Event) -> list[Event]:
        if event["type"] == CLEARED:
            self.held = [event]
        return super().down(event)


class ManualCommitTwice(Fault):
    def down(self, event: Event) -> list[Event]:
        return super().down(event) * (2 if event["type"] == COMMITTED and self.rules is None else 1)


class ErrorWithoutEventId(Fault):
    def down(self, event: Event) -> list[Event]:
        if event["type"] == "error":
            event["error"]["event_id"] = None
        return super().down(event)


class ClearIgnored(Fault):
    """Says that it has cleared, when `ignores`."""

    def ignores(self) -> bool:
        raise NotImplementedError

    def up(self, event: Event) -> list[Event]:
        return [] if event["type"] == CLEAR and self.ignores() else super().up(event)

    def answer(self, event: Event) -> list[Event]:
        return [{"type": CLEARED}] if event["type"] == CLEAR and self.ignores() else []


class ClearForgetsTheTurn(ClearIgnored):
    def ignores(self) -> bool:
        return self.turn is not None


class ClearForgetsIdleAudio(ClearIgnored):
    def ignores(self) -> bool:
        return self.turn is None and self.rules is not None


class ClearForgetsManualAudio(ClearIgnored):
    def ignores(self) -> bool:
        return self.rules is None


class Answering(Fault):
    """Takes one pair of create_response and interrupt_response for another."""

    pair = takes = (True, True)

    def change(self, rules: Event) -> None:
        if (rules.get("create_response"), rules.get("interrupt_response")) == self.pair:
            rules["create_response"], rules["interrupt_response"] = self.takes


class NeverInterrupts(Answering):
    pair, takes = (True, True), (True, False)


class AlwaysInterrupts(Answering):
    pair, takes = (True, False), (True, True)


class AlwaysCreates(Answering):
    pair, takes = (False, True), (True, True)


class InterruptsWithoutCreating(Answering):
    pair, takes = (False, False), (False, True)


class CancelCompletes(Fault):
    def down(self, event: Event) -> list[Event]:
        if event["type"] == DONE and (event["response"]["status_details"] or {}).get("reason") == "client_cancelled":
            event["response"].update(status="completed", status_details=None)
        return super().down(event)


class SecondResponseUnheard(Fault):
    def down(self, event: Event) -> list[Event]:
        if event["type"] == "error" and event["error"]["code"] == "conversation_already_has_active_response":
            return []
        return super().down(event)


class TruncatesElsewhere(Fault):
    def down(self, event: Event) -> list[Event]:
        if event["type"] == "conversation.item.truncated":
            event["audio_end_ms"] += 1
        return super().down(event)


class Eager(Fault):
    """Takes one eagerness for another."""

    said, takes = "", ""

    def change(self, rules: Event) -> None:
        if rules.get("eagerness") == self.said:
            rules["eagerness"] = self.takes


class LowIsMedium(Eager):
    said, takes = "low", "medium"


class AutoIsLow(Eager):
    said, takes = "auto", "low"


class HighIsMedium(Eager):
    said, takes = "high", "medium"


class NeverTimesOut(Fault):
    def down(self, event: Event) -> list[Event]:
        return [] if event["type"] == "input_audio_buffer.timeout_triggered" else super().down(event)


FAULTS: dict[type[Fault], str] = {
    ThresholdIgnored: "threshold",
    PrefixIgnored: "prefix_padding_ms",
    SilenceIgnored: "silence_duration_ms",
    StartsLate: "audio_start_ms",
    EndsLate: "audio_end_ms",
    DetectsWithoutRules: "null detects nothing",
    ManualWhenUnset: "default when unset",
    DefaultIsOther: "default silence_duration_ms",
    StoppedTwice: "one speech_stopped per item",
    StoppedAfterCommitted: "order in server_vad mode",
    CommittedAfterItem: "order in manual mode",
    CommitStops: "commit in speech",
    IdleCommitIgnored: "commit while idle",
    ManualCommitTwice: "commit in manual mode",
    ErrorWithoutEventId: "commit of an empty buffer",
    ClearForgetsTheTurn: "clear in speech",
    ClearForgetsIdleAudio: "clear while idle",
    ClearForgetsManualAudio: "clear in manual mode",
    NeverInterrupts: "create and interrupt",
    AlwaysInterrupts: "create, no interrupt",
    AlwaysCreates: "interrupt, no create",
    InterruptsWithoutCreating: "neither create nor interrupt",
    CancelCompletes: "response.cancel",
    SecondResponseUnheard: "one response at a time",
    TruncatesElsewhere: "truncate",
    LowIsMedium: "eagerness low",
    AutoIsLow: "eagerness medium",
    HighIsMedium: "eagerness high",
    NeverTimesOut: "idle_timeout_ms",
}
"""Each fault and the one row that it turns."""
