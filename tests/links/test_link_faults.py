"""The vendors' quirks, one after the other: a service by script in memory, and virtual time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import virtual
from link_ear import CANARY, QWEN_URL, URL, Ear, converse, dones, one_turn, opened, spoken, talk
from services import Quirks, Service

from tui_assistant.errors import LinkError
from tui_assistant.links.requests import ANSWER_S
from tui_assistant.links.vendors.table import QWEN
from tui_assistant.links.websocket import WebSocketLink
from tui_assistant.protocol import client, server


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
