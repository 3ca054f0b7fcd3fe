"""Over any schedule of breaks every turn that was sent is answered exactly once, or reported as lost.

The whole link against a service in memory, in virtual time: hours take milliseconds.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import virtual
from hypothesis import example, given, settings
from hypothesis import strategies as st
from link_ear import MANUAL, URL, Ear, live, opened, talk
from services import Quirks, Service

from tui_assistant.links.websocket import WebSocketLink
from tui_assistant.protocol import client
from tui_assistant.protocol.session import ServerVad

STEPS = st.one_of(
    st.just("talk"),
    st.sampled_from([0.01, 0.05, 0.3, 2.0, 20.0]),  # seconds that pass
    st.sampled_from(["break", "1000", "1001", "1011", "1012", "1013", "away", "refuse"]),
)
SERVICES = st.builds(
    Quirks,
    created=st.sampled_from(["first", "after update", "never"]),
    words=st.booleans(),
    commits=st.booleans(),
    answer_first=st.booleans(),
    codes=st.booleans(),
    delay_s=st.sampled_from([0.001, 0.03, 1.5]),
)


def lost(link: WebSocketLink) -> int:
    return link.counters.get("link_turns_lost", 0)


async def follow(schedule: list[str | float], service: Service, *, by_hand: bool) -> None:
    ear, sent = Ear(), 0
    async with opened(URL, ear, connect=service.dial) as link:
        rules = MANUAL["audio"]["input"]["turn_detection"] if by_hand else ServerVad().model_dump()
        link.send(client.SessionUpdate(session={"type": "realtime", "audio": {"input": {"turn_detection": rules}}}))
        for step in schedule:
            down = ear.state != "ready"
            if step == "talk":
                if not down and len(set(ear.answered)) + lost(link) < sent:
                    continue  # one waits for an answer before one goes on
                sent += 1
                if by_hand:
                    talk(link, sent)
                else:
                    await live(link, [(sent, 300), (0, 400)])
            elif step == "away":
                service.refusals += [0] * 3
            elif step == "refuse":
                service.refusals += [503, 429]
            elif isinstance(step, str):
                service.sockets[-1].cut(int(step) if step.isdigit() else None)
            else:
                await asyncio.sleep(step)
        if not by_hand:
            await live(link, [(0, 1_000)])
        async with asyncio.timeout(3_000):
            while link._kept.waits or ear.state != "ready":  # noqa: ASYNC110  # a test waits for what a peer does
                await asyncio.sleep(5)
        await asyncio.sleep(5)
        answered = ear.answered
        assert len(answered) == len(set(answered)), f"twice: {answered}"
        assert set(answered) <= set(range(1, sent + 1))
        assert len(answered) + lost(link) == sent, (answered, lost(link), sent)
        assert not link._kept.waits
        for session in service.sessions:
            assert len(session.turns) == len(set(session.turns)), "told twice to one session"


@given(st.lists(STEPS, max_size=30), SERVICES)
@settings(max_examples=100, deadline=None)
@example(["talk", 0.05, "break", "talk", "talk", 20.0], Quirks())
@example(["talk", 0.05, "1011", 0.3, "break", 0.3, "talk"], Quirks(words=False))
def test_by_hand_each_turn_is_answered_once_or_reported(schedule: list[str | float], quirks: Quirks) -> None:
    virtual.run(follow(schedule, Service(quirks), by_hand=True))


@given(st.lists(STEPS, max_size=20), SERVICES)
@settings(max_examples=40, deadline=None)
@example(["talk", 0.01, "break", 0.3, "talk", 20.0], Quirks(words=False))
def test_by_voice_each_turn_is_answered_once_or_reported(schedule: list[str | float], quirks: Quirks) -> None:
    service = Service(replace(quirks, commits=True))  # a turn by voice that nobody confirms has no end that we know
    virtual.run(follow(schedule, service, by_hand=False))
