"""Between our link and our own `serve`, in both dialects: a network that delays, breaks, resets and swallows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from fault_proxy import FaultProxy
from link_ear import MANUAL, Ear, opened, spoken

from tui_assistant.links.websocket import WebSocketLink
from tui_assistant.protocol import client, server
from tui_assistant.testing.server import realtime_server

RESET_S, HOLE_S = 0.1, 5.0  # within which a break is noticed
BUSY_S = 1.0  # what a machine with other work may take until it is this loop's turn

pytestmark = pytest.mark.parametrize("path", ["/v1/realtime", "/api-ws/v1/realtime"], ids=["openai", "qwen"])


@pytest.fixture(scope="module")
def ours() -> Iterator[str]:
    lines = [f"turn {number}" for number in range(1, 30)]
    with realtime_server(heard=lines, answers=[f"This is answer {number}." for number in range(1, 30)]) as url:
        yield url


def at(url: str, path: str) -> str:
    return url.replace("/v1/realtime", path)


def turn(link: WebSocketLink, ms: int = 400) -> None:
    link.feed(spoken(8_000, ms, link.input_rate))
    link.send(client.InputAudioBufferCommit())
    link.send(client.ResponseCreate())


def answers(ear: Ear) -> list[str]:
    """Of which something was heard to the end."""
    done = [event for event in ear.events if isinstance(event, server.ResponseDone)]
    return [event.response.id for event in done if event.response.status == "completed"]


async def test_a_slow_and_narrow_network_costs_nothing(ours: str, path: str) -> None:
    proxy, ear = FaultProxy(at(ours, path)), Ear()
    proxy.delay_s, proxy.bytes_a_second = 0.05, 400_000
    async with proxy.running() as url, opened(url, ear) as link:
        link.send(client.SessionUpdate(session=MANUAL))
        turn(link)
        await ear.until(lambda: answers(ear))
        assert link.counters == {}
    assert len(proxy.pipes) == 1
    assert "error" not in ear.types


@pytest.mark.parametrize("how", ["reset", "cut"])
@pytest.mark.parametrize("moment", ["while speaking", "after the commit", "while it answers"])
async def test_a_break_at_any_moment_costs_no_turn(ours: str, path: str, how: str, moment: str) -> None:
    proxy, ear = FaultProxy(at(ours, path)), Ear()
    async with proxy.running() as url, opened(url, ear) as link:
        link.send(client.SessionUpdate(session=MANUAL))
        await ear.until(lambda: ear.types.count("session.updated") >= 1)
        link.feed(spoken(8_000, 400, link.input_rate))
        if moment != "while speaking":
            link.send(client.InputAudioBufferCommit())
            link.send(client.ResponseCreate())
        if moment == "while it answers":
            await ear.until(lambda: "response.output_audio.delta" in ear.types)
        elif moment == "after the commit":
            await ear.until(lambda: "input_audio_buffer.committed" in ear.types)
        getattr(proxy, how)()
        await ear.until(lambda: "broke" in ear.told)
        if moment == "while speaking":
            link.feed(spoken(8_000, 400, link.input_rate))
            link.send(client.InputAudioBufferCommit())
            link.send(client.ResponseCreate())
        await ear.until(lambda: "there again" in ear.told)
        if moment != "while it answers" or not link._kept.quiet:
            await ear.until(lambda: answers(ear))
        turn(link)
        await ear.until(lambda: link._kept.quiet and answers(ear))
        assert link.counters == {}
    heard = {event.response_id for event in ear.events if isinstance(event, server.OutputAudioDelta)}
    assert len(heard) == 2, "one answer to each turn"
    assert "error" not in ear.types, [event for event in ear.events if event.type == "error"]


async def test_a_reset_is_noticed_at_once(ours: str, path: str) -> None:
    proxy, ear, loop = FaultProxy(at(ours, path)), Ear(), asyncio.get_running_loop()
    async with proxy.running() as url, opened(url, ear):
        proxy.refuses = True
        began = loop.time()
        proxy.reset()
        await ear.until(lambda: "broke" in ear.told)
        took = loop.time() - began
        assert ear.state == "reconnecting"
        proxy.refuses = False
        await ear.until(lambda: "there again" in ear.told)
    print(f"reset noticed after {took * 1000:.1f} ms")
    assert took < RESET_S + BUSY_S


async def test_a_black_hole_is_noticed_and_nothing_is_lost_in_it(ours: str, path: str) -> None:
    proxy, ear, loop = FaultProxy(at(ours, path)), Ear(), asyncio.get_running_loop()
    async with proxy.running() as url, opened(url, ear) as link:
        link.send(client.SessionUpdate(session=MANUAL))
        await ear.until(lambda: "session.updated" in ear.types)
        proxy.passing.clear()
        began = loop.time()
        turn(link)  # into the hole
        await ear.until(lambda: "broke" in ear.told)
        took = loop.time() - began
        proxy.reset()
        proxy.passing.set()
        await ear.until(lambda: answers(ear))
        assert link.counters == {}
    print(f"black hole noticed after {took:.2f} s")
    assert took < HOLE_S + BUSY_S
