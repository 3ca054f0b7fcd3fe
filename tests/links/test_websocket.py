"""The link over a wire: against our own server, and against servers that break off, say nothing or refuse."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import numpy as np
import pytest
from link_ear import CANARY, MANUAL, Ear, opened
from services import Service
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from tui_assistant.errors import LinkError
from tui_assistant.links.vendors.endpoint import endpoint
from tui_assistant.links.websocket import WebSocketLink
from tui_assistant.protocol import client, server
from tui_assistant.protocol.items import InputText, UserMessage
from tui_assistant.testing.server import realtime_server

SESSION = {"type": "session.created", "event_id": "e", "session": {"id": "s", "audio": {"input": {}}}}


Talk = Callable[[ServerConnection], Awaitable[None]]


class Scripted:
    """A server whose n-th connection does what the n-th script says; the last one goes on."""

    def __init__(self, *scripts: Talk) -> None:
        self._scripts = scripts
        self.heard: list[list[dict[str, Any]]] = []
        self.headers: list[str] = []

    async def __call__(self, socket: ServerConnection) -> None:
        script = self._scripts[min(len(self.heard), len(self._scripts) - 1)]
        assert socket.request is not None
        self.headers.append(socket.request.headers.get("Authorization", ""))
        heard: list[dict[str, Any]] = []
        self.heard.append(heard)

        async def recording() -> None:
            with contextlib.suppress(ConnectionClosed):
                async for frame in socket:
                    heard.append(json.loads(frame))  # noqa: PERF401  # looked at while it grows

        reading = asyncio.create_task(recording())
        try:
            await script(socket)
            await reading
        finally:
            reading.cancel()

    def types(self, connection: int) -> list[str]:
        return [event["type"] for event in self.heard[connection]]

    @asynccontextmanager
    async def running(self, **options: Any) -> AsyncIterator[str]:
        async with serve(self, "127.0.0.1", 0, **options) as running:
            port = running.sockets[0].getsockname()[1]
            yield f"ws://127.0.0.1:{port}/v1/realtime"


async def greets(socket: ServerConnection) -> None:
    await socket.send(json.dumps(SESSION))


async def greets_and_breaks(socket: ServerConnection) -> None:
    await greets(socket)
    await asyncio.sleep(0.2)
    socket.transport.abort()


def speech(ms: int, rate: int) -> bytes:
    """Something that a scripted recogniser takes for words; turns are ended by hand here."""
    return (8_000 * np.sin(np.arange(rate * ms // 1000) / 20)).astype("<i2").tobytes()


@pytest.fixture(scope="module")
def ours() -> Iterator[str]:
    with realtime_server(heard=["what time is it"] * 9, answers=["It is noon."] * 9) as url:
        yield url


@pytest.mark.parametrize("path", ["/v1/realtime", "/api-ws/v1/realtime"])
async def test_a_turn_by_hand_on_our_own_server(ours: str, path: str) -> None:
    ear = Ear()
    async with opened(ours.replace("/v1/realtime", path), ear) as link:
        link.send(client.SessionUpdate(session=MANUAL))
        link.feed(speech(500, link.input_rate))
        link.send(client.InputAudioBufferCommit())
        link.send(client.ResponseCreate())
        await ear.until(lambda: "response.done" in ear.types)
    assert "error" not in ear.types
    assert ear.types[0] == "session.created"
    words = [event.transcript for event in ear.events if isinstance(event, server.OutputAudioTranscriptDone)]
    assert [text.strip() for text in words] == ["It is noon."]
    pcm = b"".join(base64.b64decode(event.delta) for event in ear.events if isinstance(event, server.OutputAudioDelta))
    assert len(pcm) > 1_000
    assert link.counters == {}
    traffic = link.traffic()
    assert (traffic.up_ms, traffic.down_ms) == (500, len(pcm) * 1_000 // (2 * link.output_rate))
    assert traffic.up_bytes > 500 * link.input_rate // 1_000 * 2 * 4 // 3
    assert traffic.tokens.input_audio == 5, "one for 100 ms of the user's voice"
    assert traffic.tokens.output_audio > 0


async def test_audio_goes_out_in_blocks_and_before_what_is_sent_behind_it() -> None:
    scripted, ear = Scripted(greets), Ear()
    async with scripted.running() as url, opened(url, ear) as link:
        audio = speech(250, link.input_rate)
        for begin in range(0, len(audio), 960):
            link.feed(audio[begin : begin + 960])
        link.send(client.InputAudioBufferCommit())
        await ear.until(lambda: "input_audio_buffer.commit" in scripted.types(0))
    appends = [event for event in scripted.heard[0] if event["type"] == "input_audio_buffer.append"]
    assert [len(base64.b64decode(event["audio"])) for event in appends] == [4_800, 4_800, 2_400]
    assert b"".join(base64.b64decode(event["audio"]) for event in appends) == audio
    assert scripted.types(0)[-1] == "input_audio_buffer.commit"
    assert scripted.headers == [f"Bearer {CANARY}"]


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
async def test_a_refusal_is_one_line_without_the_key(status: int, caplog: pytest.LogCaptureFixture) -> None:
    def refuse(connection: ServerConnection, request: Request) -> Response:
        return connection.respond(HTTPStatus(status), f"no, {request.headers['Authorization']}")

    caplog.set_level(logging.DEBUG)
    async with Scripted(greets).running(process_request=refuse) as url:
        with pytest.raises(LinkError) as caught:
            async with opened(url, Ear()):
                pass
    assert f"HTTP {status}" in str(caught.value)
    assert CANARY not in str(caught.value)
    assert caught.value.final is (status in (401, 403, 404))
    ours = [record for record in caplog.records if "websockets" not in record.name]
    assert CANARY not in "".join(record.getMessage() for record in ours)


async def test_nobody_there_is_one_line() -> None:
    with pytest.raises(LinkError, match="cannot connect"):
        async with opened("ws://127.0.0.1:9/v1/realtime", Ear()):
            pass


async def test_a_server_that_answers_with_an_error_gives_no_session() -> None:
    async def errs(socket: ServerConnection) -> None:
        await socket.send(json.dumps({"type": "error", "error": {"message": "no quota", "code": ""}}))

    async with Scripted(errs).running() as url:
        with pytest.raises(LinkError, match="no quota or credit left"):
            async with opened(url, Ear()):
                pass


async def test_a_break_is_told_and_the_next_session_gets_what_was_kept() -> None:
    scripted, ear = Scripted(greets_and_breaks, greets), Ear()
    async with scripted.running() as url, opened(url, ear) as link:
        link.send(client.SessionUpdate(session=MANUAL))
        link.feed(speech(200, link.input_rate))
        await ear.until(lambda: "link broke" in ear.told)
        link.feed(speech(100, link.input_rate))  # while there is nobody
        link.send(client.InputAudioBufferCommit())
        link.send(client.ResponseCreate())
        await ear.until(lambda: "there again" in ear.told)
        await ear.until(lambda: "response.create" in scripted.types(1))
    first, second = scripted.heard
    assert [event["type"] for event in second if event["type"] != "input_audio_buffer.append"] == [
        "session.update",
        "input_audio_buffer.commit",
        "response.create",
    ]
    appends = [event["audio"] for event in second if event["type"] == "input_audio_buffer.append"]
    assert sum(len(base64.b64decode(audio)) for audio in appends) == len(speech(300, link.input_rate))
    assert second[0]["session"]["audio"]["input"]["turn_detection"] is None
    assert "response.create" not in [event["type"] for event in first]
    assert [status.text for status in ear.statuses][-2:] == ["ready", "ready"]


async def test_words_are_told_again_and_not_shown_twice() -> None:
    async def talks_and_breaks(socket: ServerConnection) -> None:
        await greets(socket)
        item = {"id": "u1", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}]}
        await socket.send(json.dumps({"type": "conversation.item.added", "item": item}))
        await asyncio.sleep(0.2)
        socket.transport.abort()

    async def echoes_items(socket: ServerConnection) -> None:
        await greets(socket)
        item = {"id": "seed_1", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}]}
        await socket.send(json.dumps({"type": "conversation.item.added", "item": item}))

    scripted, ear = Scripted(talks_and_breaks, echoes_items), Ear()
    async with scripted.running() as url, opened(url, ear) as link:
        await ear.until(lambda: len(scripted.heard) > 1 and "conversation.item.create" in scripted.types(1))
        await asyncio.sleep(0.1)
        link.send(client.InputAudioBufferClear())
    created = [event["item"] for event in scripted.heard[1] if event["type"] == "conversation.item.create"]
    assert [(item["id"], item["content"][0]["text"]) for item in created] == [("seed_1", "hello")]
    added = [event.item for event in ear.events if isinstance(event, server.ItemAdded)]
    assert added == [UserMessage(id="u1", content=(InputText(text="hello"),))]


async def test_a_key_that_is_refused_later_ends_the_tries() -> None:
    calls = 0

    def once(connection: ServerConnection, request: Request) -> Response | None:
        nonlocal calls
        calls += 1
        return None if calls == 1 else connection.respond(HTTPStatus.UNAUTHORIZED, "")

    ear = Ear()
    async with Scripted(greets_and_breaks).running(process_request=once) as url, opened(url, ear):
        await ear.until(lambda: ear.statuses[-1].text == "refused")
        await asyncio.sleep(0.6)
    assert calls == 2
    assert "HTTP 401" in ear.statuses[-1].told
    assert ear.statuses[-1].lost


async def test_a_peer_that_is_silently_gone_is_noticed() -> None:
    """A black hole: TCP is there and nothing answers, not even pings."""
    held: list[asyncio.StreamWriter] = []
    scripted = Scripted(greets)
    async with scripted.running() as url:
        port = int(url.split(":")[2].split("/")[0])
        stuck = asyncio.Event()

        async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while data := await reader.read(65_536):
                if not stuck.is_set():
                    writer.write(data)

        async def between(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there, back = await asyncio.open_connection("127.0.0.1", port)
            held.extend([writer, back])
            await asyncio.gather(pipe(reader, back), pipe(there, writer))

        wall = await asyncio.start_server(between, "127.0.0.1", 0)
        ear, loop = Ear(), asyncio.get_running_loop()
        hole = f"ws://127.0.0.1:{wall.sockets[0].getsockname()[1]}/v1/realtime"
        async with opened(hole, ear):
            stuck.set()
            began = loop.time()
            await ear.until(lambda: "link broke" in ear.told, 20)
            took = loop.time() - began
        for writer in held:
            writer.transport.abort()
        wall.close()
    assert took < 5.0


async def test_late_and_missing_greetings() -> None:
    async def late(socket: ServerConnection) -> None:
        await asyncio.sleep(0.5)
        await greets(socket)

    ear = Ear()
    async with Scripted(late).running() as url, opened(url, ear):
        assert ear.types == ["session.created"]

    async def only_updated(socket: ServerConnection) -> None:
        await asyncio.sleep(3.2)
        await socket.send(json.dumps({"type": "session.updated", "session": {}}))

    scripted, ear = Scripted(only_updated), Ear()
    async with scripted.running() as url, opened(url, ear):
        await ear.until(lambda: "session.updated" in ear.types)
    assert scripted.types(0)[0] == "session.update"


async def test_frames_that_are_no_events_are_counted_and_cost_nothing() -> None:
    async def babbles(socket: ServerConnection) -> None:
        await greets(socket)
        await socket.send("{")
        await socket.send(b"\xff\x00")
        await socket.send(json.dumps({"type": "rate_limits.updated"}))
        await socket.send(json.dumps({"type": "input_audio_buffer.cleared"}))

    ear = Ear()
    async with Scripted(babbles).running() as url, opened(url, ear) as link:
        await ear.until(lambda: "input_audio_buffer.cleared" in ear.types)
        assert link.counters == {"link_frames_unread": 2}


async def test_that_audio_leaves_the_machine_is_said() -> None:
    ear = Ear()
    away = WebSocketLink(endpoint("openai", {"OPENAI_API_KEY": CANARY}), connect=Service().dial)
    await away.open(ear.callbacks)
    await away.close()
    assert away.name == "openai"
    assert away.traffic().leaves
    assert "↗ What you say is sent to api.openai.com" in ear.told
    here = WebSocketLink(endpoint("ws://127.0.0.1:1/v1/realtime", {}))
    assert here.name == "127.0.0.1:1"
    assert not here.traffic().leaves
