"""Sessions of one server share its models and nothing else."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest
from recording import blocks, sentence
from websockets.asyncio.client import ClientConnection, connect

TEXTS = {"one": "the first secret", "two": "the second secret"}
WAYS = ["conversation.item.retrieve", "conversation.item.delete", "conversation.item.truncate"]
Events = list[dict[str, Any]]


async def send(socket: ClientConnection, kind: str, **fields: Any) -> None:
    await socket.send(json.dumps({"type": kind, **fields}))


async def until(socket: ClientConnection, kind: str) -> Events:
    seen: Events = []
    async with asyncio.timeout(20):
        while not seen or seen[-1]["type"] != kind:
            seen.append(json.loads(await socket.recv()))
    return seen


def ids(events: Events) -> set[str]:
    """Item and response ids, wherever they stand."""
    found = set[str]()
    for event in events:
        found |= {event[name] for name in ("item_id", "response_id") if event.get(name)}
        found |= {event[name]["id"] for name in ("item", "response", "session") if name in event}
    return found


async def spoken_turn(socket: ClientConnection, text: str, pcm: bytes) -> Events:
    """Types `text`, then says `pcm` and hears its answer, all by small pieces."""
    message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    await send(socket, "conversation.item.create", item=message)
    for block in blocks(pcm):
        await send(socket, "input_audio_buffer.append", audio=block)
        await asyncio.sleep(0)  # the other one's turn
    return await until(socket, "response.done")


@pytest.mark.realtime(heard=["said aloud"], answers=["A long answer to whoever asked. " * 5])
async def test_two_spoken_turns_at_once_do_not_mix(realtime_server_url: str) -> None:
    async with connect(realtime_server_url, proxy=None) as one, connect(realtime_server_url, proxy=None) as two:
        late = sentence(before_s=2.0)
        first, second = await asyncio.gather(
            spoken_turn(one, TEXTS["one"], sentence()), spoken_turn(two, TEXTS["two"], late)
        )
        for socket, events, own, other in ((one, first, "one", "two"), (two, second, "two", "one")):
            said = json.dumps(events)
            assert TEXTS[own] in said
            assert TEXTS[other] not in said
            kinds = [event["type"] for event in events]
            assert [kinds.count(kind) for kind in ("input_audio_buffer.committed", "response.created")] == [1, 1]
            assert kinds.count("error") == 0
            item_id = next(e["item_id"] for e in events if e["type"] == "input_audio_buffer.committed")
            await send(socket, "conversation.item.retrieve", item_id=item_id)
            part = (await until(socket, "conversation.item.retrieved"))[-1]["item"]["content"][0]
            begin = next(e["audio_start_ms"] for e in events if e["type"] == "input_audio_buffer.speech_started") * 48
            audio = base64.b64decode(part["audio"])
            assert audio == (sentence() if own == "one" else late)[begin : begin + len(audio)]
            assert len(audio) > 48_000
        starts = [next(e["audio_start_ms"] for e in events if "audio_start_ms" in e) for events in (first, second)]
        assert starts[0] < 1_000 < starts[1]  # each has its own clock


async def test_what_one_has_the_other_cannot_name(realtime_server_url: str) -> None:
    async with connect(realtime_server_url, proxy=None) as one, connect(realtime_server_url, proxy=None) as two:
        for socket in (one, two):
            await until(socket, "conversation.created")
        item = {"id": "mine_alone", "type": "message", "role": "user"}
        content = [{"type": "input_text", "text": TEXTS["one"]}]
        await send(one, "conversation.item.create", item={**item, "content": content})
        await until(one, "conversation.item.done")
        for kind in WAYS:
            more = {"content_index": 0, "audio_end_ms": 0} if kind.endswith("truncate") else {}
            await send(two, kind, item_id="mine_alone", event_id="asked", **more)
            (event,) = await until(two, "error")
            assert event["error"]["event_id"] == "asked"
            assert event["error"]["code"] == "item_not_found"
            assert TEXTS["one"] not in json.dumps(event)
        await send(two, "conversation.item.create", item={**item, "content": content}, previous_item_id="mine_alone")
        (event,) = await until(two, "error")
        assert TEXTS["one"] not in json.dumps(event)
        await send(one, "conversation.item.retrieve", item_id="mine_alone")
        assert (await until(one, "conversation.item.retrieved"))[-1]["item"]["content"] == content
        await send(two, "conversation.item.create", item={**item, "content": content})  # the id is free here
        added, _ = await until(two, "conversation.item.done")
        assert added["item"]["id"] == "mine_alone"


@pytest.mark.realtime(answers=["An answer that goes on for a while. " * 200])
async def test_what_one_cancels_the_other_keeps(realtime_server_url: str) -> None:
    async with connect(realtime_server_url, proxy=None) as one, connect(realtime_server_url, proxy=None) as two:
        running = {}
        for name, socket in (("one", one), ("two", two)):
            await send(socket, "response.create")
            running[name] = (await until(socket, "response.created"))[-1]["response"]["id"]
        await send(one, "response.cancel")
        done = (await until(one, "response.done"))[-1]["response"]
        assert (done["id"], done["status"]) == (running["one"], "cancelled")
        done = (await until(two, "response.done"))[-1]["response"]
        assert (done["id"], done["status"]) == (running["two"], "completed")


async def test_settings_and_session_ids_are_each_ones_own(realtime_server_url: str) -> None:
    async with connect(realtime_server_url, proxy=None) as one, connect(realtime_server_url, proxy=None) as two:
        await send(one, "session.update", session={"type": "realtime", "instructions": TEXTS["one"]})
        updated = (await until(one, "session.updated"))[-1]["session"]
        await send(two, "session.update", session={"type": "realtime"})
        seen = await until(two, "session.updated")
        assert updated["id"] not in ids(seen)
        assert TEXTS["one"] not in json.dumps(seen)
