"""Sessions end, breaks last, and the conversation goes on: a service by script in memory, and virtual time."""

from __future__ import annotations

import asyncio

import pytest
import virtual
from link_ear import MANUAL, QWEN_URL, URL, VOICE, Ear, converse, live, one_turn, opened, talk
from services import Quirks, Service, Session

from tui_assistant.links.vendors.table import QWEN, VENDORS
from tui_assistant.links.websocket import WebSocketLink
from tui_assistant.protocol import client, server
from tui_assistant.protocol.items import InputText, UserMessage

HOUR_S = 3_600.0


def test_an_hour_passes_without_a_word_lost() -> None:
    """OpenAI's sessions end after an hour: another takes its place before, between two turns."""

    async def job(link: WebSocketLink, ear: Ear, service: Service) -> None:
        for turn in range(1, 41):
            talk(link, turn)
            await asyncio.sleep(100)

    ear, service = converse(job, Quirks(lasts_s=HOUR_S, tells_end=True), wall=lambda: 0.0)
    assert ear.answered == list(range(1, 41))
    assert len(service.sessions) == 2
    assert "broke" not in ear.told, "nobody notices"
    first, second = service.sessions
    assert second.turns[:20] == first.turns[-20:], "the conversation so far is told"
    assert "session.created" in ear.types[1:]


def test_a_turn_that_is_open_at_the_end_of_the_hour_is_not_cut() -> None:
    """It goes on for so long that the session has to be replaced under it."""

    async def job(link: WebSocketLink, ear: Ear, service: Service) -> None:
        await asyncio.sleep(HOUR_S - 45)
        await live(link, [(1, 40_000), (0, 1_000)])
        await ear.until(lambda: ear.answered)
        await asyncio.sleep(120)
        assert link.counters == {}

    ear, service = converse(job, Quirks(lasts_s=HOUR_S, tells_end=True), settings=VOICE, wall=lambda: 0.0)
    assert ear.answered == [1]
    assert len(service.sessions) >= 2
    assert "broke" not in ear.told


def test_a_session_that_expires_unannounced_is_told_mildly() -> None:
    async def job(link: WebSocketLink, ear: Ear, service: Service) -> None:
        await one_turn(link, ear, service)
        await ear.until(lambda: "there again" in ear.told, 4_000)
        talk(link, 2)
        await ear.until(lambda: ear.answered == [1, 2])

    ear, _ = converse(job, Quirks(lasts_s=HOUR_S))
    told = next(status for status in ear.statuses if "ended the session" in status.told)
    assert told.severity == "information"
    assert "longest time" in told.told


@pytest.mark.parametrize(("name", "limit_s"), [("openai", 3_600), ("azure", 3_600), ("qwen", 7_200), ("xai", 7_200)])
def test_each_service_has_its_limit(name: str, limit_s: float) -> None:
    assert VENDORS[name].session_s == limit_s


def test_a_service_that_ends_silent_sessions_hears_of_us() -> None:
    async def job(link: WebSocketLink, ear: Ear, service: Service) -> None:
        link._vendor = QWEN
        await asyncio.sleep(1_000)

    _, service = converse(job, Quirks(flat=True), url=QWEN_URL)
    updates = service.sessions[0].types.count("session.update")
    assert 2 + 3 <= updates <= 2 + 5, "one every four minutes"


async def _minute_and_more(link: WebSocketLink, ear: Ear, service: Service) -> None:
    service.refusals = [0] * 12
    service.sockets[0].cut()
    await live(link, [(1, 50_000), (2, 25_000), (0, 1_000)])
    await ear.until(lambda: "there again" in ear.told, 600)
    link.send(client.InputAudioBufferCommit())
    link.send(client.ResponseCreate())
    await ear.until(lambda: ear.answered)


def test_of_an_outage_the_last_minute_is_sent_and_the_rest_is_counted() -> None:
    counters: dict[str, int] = {}

    async def job(link: WebSocketLink, ear: Ear, service: Service) -> None:
        await _minute_and_more(link, ear, service)
        counters.update(link.counters)

    ear, _service = converse(job, chance=lambda: 0.999)
    assert counters["link_audio_lost_ms"] == 16_000
    assert "60 s of what you said meanwhile is sent now" in ear.told
    assert "16 s of it were too much" in ear.told
    assert sorted(ear.answered) == [1, 2]


def test_a_typed_message_of_an_outage_is_answered() -> None:
    async def job(link: WebSocketLink, ear: Ear, service: Service) -> None:
        service.sockets[0].cut()
        link.send(client.ConversationItemCreate(item=UserMessage(content=(InputText(text="turn 5"),))))
        link.send(client.ResponseCreate())
        await ear.until(lambda: ear.answered)

    ear, service = converse(job)
    assert ear.answered == [5]
    assert service.sessions[1].types.count("conversation.item.create") == 1


def test_what_is_about_items_of_an_earlier_session_is_not_sent() -> None:
    async def job(link: WebSocketLink, ear: Ear, service: Service) -> None:
        await one_turn(link, ear, service)
        item = next(event.item_id for event in ear.events if isinstance(event, server.OutputAudioDelta))
        link.send(client.ConversationItemTruncate(item_id=item, audio_end_ms=100))
        await asyncio.sleep(0.1)
        service.sockets[0].cut()
        await ear.until(lambda: "there again" in ear.told)
        link.send(client.ConversationItemTruncate(item_id=item, audio_end_ms=50))
        await asyncio.sleep(1)

    _, service = converse(job)
    first, second = service.sessions
    assert "conversation.item.truncate" in first.types
    assert "conversation.item.truncate" not in second.types
    told = [event["item"]["content"][0] for event in second.heard if event["type"] == "conversation.item.create"]
    assert [part["text"] for part in told] == ["turn 1", "answer"], "a third of its sound was heard"


def test_two_links_never_mix() -> None:
    """Two conversations at once, with breaks: nothing of one stands in the other."""
    ears, services = (Ear(), Ear()), (Service(Quirks(delay_s=0.05)), Service(Quirks(delay_s=0.07)))

    async def one(place: int) -> None:
        first = 1 + 100 * place
        async with opened(URL, ears[place], connect=services[place].dial, key=f"key-of-link-{place}") as link:
            link.send(client.SessionUpdate(session=MANUAL))
            for turn in range(first, first + 10):
                talk(link, turn)
                if turn % 3 == 0:
                    await asyncio.sleep(0.06)
                    services[place].sockets[-1].cut()
                await ears[place].until(lambda turn=turn: turn in ears[place].answered)
                await asyncio.sleep(1)

    async def both() -> None:
        await asyncio.gather(one(0), one(1))

    virtual.run(both())
    for place in (0, 1):
        expected = list(range(1 + 100 * place, 11 + 100 * place))
        assert ears[place].answered == expected
        assert set(services[place].keys) == {f"Bearer key-of-link-{place}"}
        sessions: list[Session] = services[place].sessions
        assert {turn for session in sessions for turn in session.turns} == set(expected)


def test_the_ids_of_a_new_session_are_no_others() -> None:
    """Servers count from one in every session; a screen would write over the lines of the last one."""

    async def job(link: WebSocketLink, ear: Ear, service: Service) -> None:
        await one_turn(link, ear, service)
        service.sockets[0].cut()
        await ear.until(lambda: "there again" in ear.told)
        talk(link, 2)
        await ear.until(lambda: len(ear.answered) == 2)
        second = [event.item_id for event in ear.events if isinstance(event, server.OutputAudioDelta)][-1]
        link.send(client.ConversationItemTruncate(item_id=second, audio_end_ms=10))
        await asyncio.sleep(0.1)

    ear, service = converse(job)
    sounded = dict.fromkeys(event.item_id for event in ear.events if isinstance(event, server.OutputAudioDelta))
    assert len(sounded) == 2
    responses = [event.response.id for event in ear.events if isinstance(event, server.ResponseCreated)]
    assert len(set(responses)) == 2
    (cut,) = [event for event in service.sessions[1].heard if event["type"] == "conversation.item.truncate"]
    assert "~" not in cut["item_id"], "the server hears its own"
