"""Our own server keeps the contract in every dialect; what cannot be checked says why."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from tui_assistant.conformance.checks import CHECKS, run
from tui_assistant.conformance.peer import BrokenOffError, Peer
from tui_assistant.conformance.verdict import Answer, NotOfferedError, Verdict, brief, configure, vad
from tui_assistant.conformance.wire import BETA, GA, QWEN, Wire

LONG_ANSWER = "This is a long answer that can be interrupted. " * 20


def url_of(server: str, wire: Wire) -> str:
    return server.replace("/v1/realtime", "/api-ws/v1/realtime") if wire is QWEN else server


@pytest.mark.usefixtures("strictly_checked")
@pytest.mark.realtime(heard=["hello"], answers=[LONG_ANSWER])
@pytest.mark.parametrize("wire", [GA, BETA, QWEN], ids=lambda wire: wire.name)
async def test_our_own_server_keeps_every_row(
    realtime_server_url: str, speech: Callable[[int], bytes], wire: Wire
) -> None:
    verdicts = await run(url_of(realtime_server_url, wire), speech(wire.rate), wire=wire, at_once=len(CHECKS))
    assert [verdict.name for verdict in verdicts] == list(CHECKS)
    assert [verdict for verdict in verdicts if verdict.answer != Answer.YES] == []


async def test_a_row_that_cannot_be_checked_says_why(realtime_server_url: str) -> None:
    async def refused(peer: Peer, speech: bytes) -> tuple[bool, str]:
        raise NotOfferedError("no such setting")

    async def malformed(peer: Peer, speech: bytes) -> tuple[bool, str]:
        nothing: dict[str, Any] = {}
        return nothing["item_id"] == "", ""

    async def broken(peer: Peer, speech: bytes) -> tuple[bool, str]:
        raise BrokenOffError("it closed with 1011")

    verdicts = await run(realtime_server_url, b"", checks={"one": refused, "two": malformed, "three": broken})
    assert verdicts == [
        Verdict("one", Answer.NOT_OFFERED, "no such setting"),
        Verdict("two", Answer.NO, "an event is malformed: 'item_id'"),
        Verdict("three", Answer.NO, "it closed with 1011"),
    ]


async def test_a_server_that_goes_away_fails_its_rows_and_nothing_else() -> None:
    (verdict,) = await run("ws://127.0.0.1:1/v1/realtime", b"", checks={"one": CHECKS["threshold"]})
    assert verdict.answer == Answer.NO
    assert verdict.seen.startswith("cannot open ws://127.0.0.1:1/v1/realtime")


@pytest.mark.parametrize("wire", [GA, QWEN], ids=lambda wire: wire.name)
async def test_what_a_server_refuses_is_not_offered(realtime_server_url: str, wire: Wire) -> None:
    async with Peer(url_of(realtime_server_url, wire), None, wire) as peer:
        with pytest.raises(NotOfferedError, match="turn_detection"):
            await configure(peer, {"type": "ear_trumpet"})


async def test_keys_that_a_row_does_not_need_may_be_refused(realtime_server_url: str) -> None:
    async with Peer(realtime_server_url, None, GA) as peer:
        await configure(peer, vad(silence_duration_ms=700, threshold="loud"), needs=("silence_duration_ms",))
        assert peer.of("error") == []
        assert peer.wire.rules(peer.events[-1]["session"])["silence_duration_ms"] == 700


@pytest.mark.parametrize("row", ["eagerness high", "idle_timeout_ms", "create, no interrupt"])
async def test_a_server_with_less_is_told_from_one_with_faults(row: str) -> None:
    """It accepts everything and shows that it keeps to its own."""

    async def stubborn(socket: ServerConnection) -> None:
        kind = "semantic_vad" if "eagerness" in row else "server_vad"
        session = {"turn_detection": {"type": kind, "create_response": True, "interrupt_response": True}}
        async for _ in socket:
            await socket.send(json.dumps({"type": "session.updated", "session": session}))

    async with serve(stubborn, "127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        (verdict,) = await run(url, b"", wire=QWEN, checks={row: CHECKS[row]})
    assert verdict.answer == Answer.NOT_OFFERED
    assert verdict.seen in (
        "eagerness is not taken over",
        "idle_timeout_ms is not taken over",
        "interrupt_response stays True",
    )


def test_names_of_events_are_brief() -> None:
    names = ["input_audio_buffer.committed", "conversation.item.added", "response.created", "response.created"]
    assert brief(names) == "committed item.added response.created"
