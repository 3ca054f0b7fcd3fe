"""Turns that are detected here, over a connection that breaks: each is answered exactly once, or reported as lost.

The whole link against a service in memory, in virtual time.
"""

from __future__ import annotations

import asyncio

import numpy as np
import virtual
from hypothesis import example, given, settings
from hypothesis import strategies as st
from link_ear import URL, Ear, live
from numpy.typing import NDArray
from services import Quirks, Service

from tui_assistant.links.local_turns import LocalTurns
from tui_assistant.links.vendors.endpoint import endpoint
from tui_assistant.links.websocket import WebSocketLink
from tui_assistant.protocol import client, server
from tui_assistant.protocol.session import ServerVad

STEPS = st.one_of(
    st.just("talk"),
    st.sampled_from([0.01, 0.05, 0.3, 2.0, 20.0]),  # seconds that pass
    st.sampled_from(["break", "1000", "1011", "away"]),
)
SERVICES = st.builds(
    Quirks,
    created=st.sampled_from(["first", "after update"]),
    words=st.booleans(),
    answer_first=st.booleans(),
    delay_s=st.sampled_from([0.001, 0.03, 1.5]),
)


class NotZero:
    """Hears speech where the samples are a turn's number; the resampler leaves some of it beside the turn."""

    name = "not zero"

    def probability(self, frame: NDArray[np.int16]) -> float:
        return float(np.abs(frame).mean() > 0.5)

    def reset(self) -> None:
        """Nothing is remembered."""


async def follow(schedule: list[str | float], service: Service) -> None:
    ear, spoken = Ear(), 0
    wire = WebSocketLink(endpoint(URL, {}), chance=lambda: 0.0, connect=service.dial)
    loop = asyncio.get_running_loop()
    link = LocalTurns(wire, "here", detector=NotZero(), clock=loop.time)
    await link.open(ear.callbacks)
    rules = ServerVad(prefix_padding_ms=0, silence_duration_ms=200).model_dump()
    link.send(client.SessionUpdate(session={"type": "realtime", "audio": {"input": {"turn_detection": rules}}}))

    def lost() -> int:
        return wire.counters.get("link_turns_lost", 0)

    for step in schedule:
        if step == "talk":
            if ear.state == "ready" and len(set(ear.answered)) + lost() < spoken:
                continue  # one waits for an answer before one goes on
            spoken += 1
            await live(link, [(spoken, 320), (0, 480)])  # type: ignore[arg-type]
        elif step == "away":
            service.refusals += [0] * 3
        elif isinstance(step, str):
            service.sockets[-1].cut(int(step) if step.isdigit() else None)
        else:
            await asyncio.sleep(step)
    async with asyncio.timeout(3_000):
        while wire._kept.waits or ear.state != "ready":  # noqa: ASYNC110  # a test waits for what a peer does
            await asyncio.sleep(5)
    await asyncio.sleep(5)
    answered = ear.answered
    started, stopped, committed = (
        [event.item_id for event in ear.events if isinstance(event, kind)]
        for kind in (server.SpeechStarted, server.SpeechStopped, server.BufferCommitted)
    )
    await link.close()
    assert len(answered) == len(set(answered)), f"twice: {answered}"
    assert set(answered) <= set(range(1, spoken + 1))
    assert len(answered) + lost() == spoken, (answered, lost(), spoken)
    assert started == stopped
    assert len(started) == spoken
    assert [item_id for item_id in committed if item_id in started] == started


@given(st.lists(STEPS, max_size=25), SERVICES)
@settings(max_examples=60, deadline=None)
@example(["talk", 0.05, "break", "talk", "talk", 20.0], Quirks())
@example(["talk", 0.01, "break", 0.3, "talk", 20.0], Quirks(words=False))
@example(["break", "away", "talk", "talk", "talk", 20.0, "break", "talk"], Quirks(created="after update"))
def test_each_turn_that_is_detected_here_is_answered_once_or_reported(
    schedule: list[str | float], quirks: Quirks
) -> None:
    virtual.run(follow(schedule, Service(quirks)))
