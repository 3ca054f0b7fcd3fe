"""Over any schedule of breaks every turn that was sent is answered exactly once, or reported as lost.

The whole link against a service in memory, in virtual time: hours take milliseconds.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import virtual
from hypothesis import example, given, settings
from hypothesis import strategies as st
from link_ear import MANUAL, URL, VOICE, Ear, live, opened, talk
from services import Quirks, Service

from tui_assistant.client.dialogue import Dialogue
from tui_assistant.client.effects import Effect, Play
from tui_assistant.links.websocket import WebSocketLink
from tui_assistant.protocol import client, server
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


class Screen(Ear):
    """Our own client: it asks for answers itself. What comes has been heard at once."""

    def __init__(self) -> None:
        super().__init__()
        self._dialogue = Dialogue(ServerVad(), 24_000)
        self._link: WebSocketLink | None = None
        self._samples = 0
        self.callbacks = replace(self.callbacks, server_event=self._take)

    async def use(self, link: WebSocketLink) -> None:
        self._link = link
        self._do(self._dialogue.begin())
        while True:
            await asyncio.sleep(0.05)
            self._do(self._dialogue.heard(self._samples, self._now))

    @property
    def _now(self) -> int:
        return round(asyncio.get_running_loop().time() * 1000)

    def _take(self, event: server.ServerEvent) -> None:
        self.events.append(event)
        self._do(self._dialogue.take(event, self._now))

    def _do(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Play):
                self._samples += len(effect.pcm) // 2
            elif isinstance(effect, client.ClientEventBase) and self._link is not None:
                self._link.send(effect)


async def follow(schedule: list[str | float], service: Service, *, by_hand: bool, ear: Ear | None = None) -> None:
    sent, ear = 0, ear or Ear()
    async with opened(URL, ear, connect=service.dial) as link, asyncio.TaskGroup() as tasks:
        if isinstance(ear, Screen):
            job = tasks.create_task(ear.use(link))
        else:
            link.send(client.SessionUpdate(session=MANUAL if by_hand else VOICE))
            job = tasks.create_task(asyncio.sleep(0))
        for step in schedule:
            down = ear.state != "ready"
            if step == "talk":
                if not down and len(set(ear.answered)) + lost(link) < sent:
                    continue  # one waits for an answer before one goes on
                if not down and isinstance(ear, Screen) and not link._kept.quiet:
                    continue  # and for its end
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
        job.cancel()
        answered = ear.answered
        assert len(answered) == len(set(answered)), f"twice: {answered}"
        assert set(answered) <= set(range(1, sent + 1))
        assert len(answered) + lost(link) == sent, (answered, lost(link), sent)
        assert not link._kept.waits
        for session in service.sessions:
            assert len(session.turns) == len(set(session.turns)), "told twice to one session"


@given(st.lists(STEPS, max_size=30), SERVICES)
@settings(max_examples=100, deadline=None, derandomize=True)
@example(["talk", 0.05, "break", "talk", "talk", 20.0], Quirks())
@example(["talk", 0.05, "1011", 0.3, "break", 0.3, "talk"], Quirks(words=False))
@example(["talk", 2.0, "break", 20.0], Quirks(delay_s=1.5))
@example(["talk", 2.0, "break", 20.0], Quirks(delay_s=1.5, words=False))
def test_by_hand_each_turn_is_answered_once_or_reported(schedule: list[str | float], quirks: Quirks) -> None:
    virtual.run(follow(schedule, Service(quirks), by_hand=True))


@given(st.lists(STEPS, max_size=20), SERVICES)
@settings(max_examples=40, deadline=None, derandomize=True)
@example(["talk", 0.01, "break", 0.3, "talk", 20.0], Quirks(words=False))
def test_by_voice_each_turn_is_answered_once_or_reported(schedule: list[str | float], quirks: Quirks) -> None:
    service = Service(replace(quirks, commits=True))  # a turn by voice that nobody confirms has no end that we know
    virtual.run(follow(schedule, service, by_hand=False))


@given(st.lists(STEPS, max_size=20), SERVICES)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_answers_that_the_client_asks_for_come_once_or_are_reported(
    schedule: list[str | float], quirks: Quirks
) -> None:
    service = Service(replace(quirks, commits=True))
    virtual.run(follow(schedule, service, by_hand=False, ear=Screen()))
