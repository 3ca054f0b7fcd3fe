"""The vendors' quirks, one after the other: a service by script in memory, and virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import virtual
from link_ear import CANARY, MANUAL, URL, Ear, live, opened, spoken, talk
from services import Quirks, Service, Session

from tui_assistant.errors import LinkError
from tui_assistant.links.requests import ANSWER_S
from tui_assistant.links.vendors.table import QWEN, VENDORS
from tui_assistant.links.websocket import WebSocketLink
from tui_assistant.protocol import client, server
from tui_assistant.protocol.session import ServerVad

QWEN_URL = "ws://127.0.0.1:1/api-ws/v1/realtime"
HOUR_S = 3_600.0
VOICE = {"type": "realtime", "audio": {"input": {"turn_detection": ServerVad().model_dump()}}}
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


@pytest.mark.parametrize(
    "quirks",
    [
        Quirks(created_s=2.0),
        Quirks(created_s=4.0),
        Quirks(created="after update"),
        Quirks(created="never"),
        Quirks(answer_first=True),
        Quirks(delay_s=8.0),
        Quirks(words=False),
        Quirks(commits=False),
    ],
    ids=["late", "later than we wait", "after the update", "only updated", "answer first", "slow", "wordless", "mute"],
)
@pytest.mark.parametrize("url", [URL, QWEN_URL])
def test_a_turn_is_answered_once_whatever_the_server_says_when(quirks: Quirks, url: str) -> None:
    flat = Quirks(**{**quirks.__dict__, "flat": url == QWEN_URL})
    ear, service = converse(one_turn, flat, url=url)
    assert ear.types.count("session.created") == 1
    assert ear.types[0] == "session.created"
    assert ear.answered == [1]
    assert dones(ear) == ["completed"]
    assert len(service.sessions) == 1
    assert "broke" not in ear.told


async def _cancelled(link: WebSocketLink, ear: Ear, service: Service) -> None:
    talk(link, 1)
    await ear.until(lambda: ear.answered)
    link.send(client.ResponseCancel())
    await ear.until(lambda: dones(ear))
    talk(link, 2)
    await ear.until(lambda: len(dones(ear)) == 2)


@pytest.mark.parametrize(("url", "most_s"), [(QWEN_URL, 6.0), (URL, 6.0), ("qwen", 1.5)])
def test_a_cancelled_answer_ends_though_nothing_says_so(url: str, most_s: float) -> None:
    took: list[float] = []

    async def job(link: WebSocketLink, ear: Ear, service: Service) -> None:
        if url == "qwen":
            link._vendor = QWEN
            link._requests._cancel_s = QWEN.cancel_s
        now = asyncio.get_running_loop().time
        began = now()
        await _cancelled(link, ear, service)
        took.append(now() - began)

    ear, _service = converse(
        job, Quirks(done_after_cancel=False, flat=url != URL), url=QWEN_URL if url == "qwen" else url
    )
    assert dones(ear) == ["cancelled", "completed"]
    assert ear.answered == [1, 2]
    assert took[0] < most_s


def test_the_end_that_comes_after_ours_is_not_a_second_one() -> None:
    async def job(link: WebSocketLink, ear: Ear, service: Service) -> None:
        await _cancelled(link, ear, service)
        first = next(event for event in ear.events if isinstance(event, server.ResponseDone)).response.id
        service.sessions[0].send("response.done", response={"id": first, "status": "cancelled"})
        await asyncio.sleep(0.1)

    ear, _ = converse(job, Quirks(done_after_cancel=False))
    assert dones(ear) == ["cancelled", "completed"]


def test_errors_without_codes_find_the_request_that_they_are_about() -> None:
    async def job(link: WebSocketLink, ear: Ear, service: Service) -> None:
        talk(link, 1)
        await ear.until(lambda: ear.answered)
        link.send(client.ResponseCreate(event_id="answer_7"))
        await ear.until(lambda: len(dones(ear)) == 2)
        link.send(client.ResponseCancel(event_id="cancel_8"))
        await ear.until(lambda: ear.errors)

    ear, service = converse(job, Quirks(codes=False, flat=True), url=QWEN_URL)
    errors = [event.error for event in ear.events if isinstance(event, server.ErrorEvent)]
    assert [(error.code, error.event_id) for error in errors] == [("response_cancel_not_active", "cancel_8")]
    asked = [event.get("event_id") for event in service.sessions[0].heard if event["type"] == "response.create"]
    assert asked == [None, "answer_7", "answer_7"], "it came too early, and is made again after the answer"


def test_a_server_that_takes_everything_and_says_nothing_is_left() -> None:
    async def job(link: WebSocketLink, ear: Ear, service: Service) -> None:
        talk(link, 1)
        await asyncio.sleep(ANSWER_S - 1)
        assert "broke" not in ear.told
        await ear.until(lambda: ear.answered)
        assert link.counters["link_stalls"] == 1

    ear, service = converse(job, Quirks(answers=False), Quirks())
    assert "no answer for 30 s" in ear.told
    assert ear.answered == [1]
    assert len(service.sessions) == 2


def test_a_turn_that_no_session_answers_is_given_up_and_said() -> None:
    async def job(link: WebSocketLink, ear: Ear, service: Service) -> None:
        talk(link, 1)
        await ear.until(lambda: "not answered" in ear.told, 600)
        assert link.counters["link_turns_lost"] == 1
        await asyncio.sleep(300)

    _ear, service = converse(job, Quirks(answers=False))
    assert len(service.sessions) == 6, "five tries, and one more session to go on with"


@pytest.mark.parametrize("code", [None, 1000, 1001, 1006, 1008, 1011, 1012, 1013, 4321])
def test_after_any_goodbye_the_conversation_goes_on(code: int | None) -> None:
    async def job(link: WebSocketLink, ear: Ear, service: Service) -> None:
        await one_turn(link, ear, service)
        service.sockets[0].cut(code, "" if code is None else "its own words")
        await ear.until(lambda: "there again" in ear.told)
        talk(link, 2)
        await ear.until(lambda: ear.answered == [1, 2])

    ear, service = converse(job)
    assert service.sessions[1].turns == [1, 2]
    assert service.sessions[1].spoken == [2]
    assert code is None or "its own words" in ear.told


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_at_a_reconnection_ends_the_tries_with_the_reason(status: int) -> None:
    async def job(link: WebSocketLink, ear: Ear, service: Service) -> None:
        service.refusals = [503, status, 503]
        service.sockets[0].cut()
        link.feed(spoken(1, 2_000, link.input_rate))
        link.send(client.InputAudioBufferCommit())
        link.send(client.ResponseCreate())
        await ear.until(lambda: ear.state == "refused")
        await asyncio.sleep(600)
        link.feed(spoken(2, 2_000, link.input_rate))
        assert link.counters == {"link_turns_lost": 1}

    ear, service = converse(job)
    assert service.refusals == [503], "nobody tried again"
    last = ear.statuses[-1]
    assert f"HTTP {status}" in last.told
    assert "Your last turn was not answered" in last.told
    assert last.lost
    assert last.severity == "error"
    assert len(service.sessions) == 1


KEY = {"code": "invalid_api_key", "message": f"Incorrect API key provided: {CANARY}.", "type": "invalid_request_error"}
QUOTA = {"code": "insufficient_quota", "message": "You exceeded your current quota.", "type": "insufficient_quota"}
EMPTY = {"code": "", "message": "Access denied, please make sure your account is in good standing.", "param": ""}


@pytest.mark.parametrize(
    ("error", "words"), [(KEY, "the key is refused"), (QUOTA, "add credit"), (EMPTY, "no quota or credit left")]
)
def test_a_session_that_begins_with_its_end_is_told_in_words(error: Any, words: str) -> None:
    with pytest.raises(LinkError, match=words) as caught:
        converse(one_turn, Quirks(parting=error, created="never"))
    assert caught.value.final
    assert CANARY not in str(caught.value)
    later, service = converse(_cut_and_wait, Quirks(), Quirks(parting=error, created="never"))
    assert words in later.statuses[-1].told
    assert later.state == "refused"
    assert len(service.sessions) == 2
    assert CANARY not in later.told + repr(later.events)


async def _cut_and_wait(link: WebSocketLink, ear: Ear, service: Service) -> None:
    service.sockets[0].cut()
    await asyncio.sleep(120)


def test_a_busy_server_gets_the_time_that_it_wants() -> None:
    times: list[float] = []

    class Busy(Service):
        async def dial(self, place: Any) -> Any:
            times.append(asyncio.get_running_loop().time())
            return await super().dial(place)

    ear, service = Ear(), Busy()

    async def run() -> None:
        async with opened(URL, ear, connect=service.dial):
            service.refusals = [429, 429]
            service.sockets[0].cut(1013)
            await ear.until(lambda: "there again" in ear.told)

    virtual.run(run())
    assert times[1] - times[0] >= 2.0, "1013: overloaded"
    assert ear.told.count("HTTP 429") == 1, "the same reason is told once"
    assert any(status.text.startswith("reconnecting, try") for status in ear.statuses)


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
        from tui_assistant.protocol.items import InputText, UserMessage

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
    ids = [{event.item_id for event in ear.events if isinstance(event, server.OutputAudioDelta)} for ear in ears]
    assert not ids[0] & ids[1]
