"""Each row of the table against a server that speaks as that service: what is asked for, and a turn there and back."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np
import pytest
from canary import CANARY
from vendor_server import WIRES, VendorServer

from tui_assistant.links.base import LinkEvents
from tui_assistant.links.vendors.endpoint import Endpoint, endpoint
from tui_assistant.links.vendors.table import SERVICES, VENDORS
from tui_assistant.links.websocket import WebSocketLink
from tui_assistant.protocol import client, server
from tui_assistant.protocol.dialects.remote import RemoteGa
from tui_assistant.protocol.session import SemanticVad, ServerVad
from tui_assistant.testing.server import realtime_server

KEYS = {vendor.key: CANARY for vendor in SERVICES.values()}


@dataclass(frozen=True)
class Asked:
    """What a service is asked for at the door."""

    host: str
    path: str
    headers: tuple[tuple[str, str], ...] = (("Authorization", f"Bearer {CANARY}"),)


QWEN = "/api-ws/v1/realtime?model=qwen3.5-omni-flash-realtime"
DOORS = {
    "openai": Asked("api.openai.com", "/v1/realtime?model=gpt-realtime-2.1"),
    "azure": Asked("mine.openai.azure.com", "/openai/v1/realtime?model=gpt-realtime-2.1", (("api-key", CANARY),)),
    "qwen": Asked("dashscope.aliyuncs.com", QWEN),
    "qwen-intl": Asked("dashscope-intl.aliyuncs.com", QWEN),
    "qwen-workspace": Asked("mine.cn-beijing.maas.aliyuncs.com", QWEN),
    "qwen-workspace-intl": Asked("mine.ap-southeast-1.maas.aliyuncs.com", QWEN),
    "stepfun": Asked("api.stepfun.com", "/v1/realtime?model=step-audio-2"),
    "stepfun-intl": Asked("api.stepfun.ai", "/v1/realtime?model=step-audio-2"),
    "xai": Asked("api.x.ai", "/v1/realtime?model=grok-voice-latest"),
    "glm": Asked("open.bigmodel.cn", "/api/paas/v4/realtime?model=glm-realtime-flash"),
    "speaches": Asked("127.0.0.1:8000", "/v1/realtime?model=own%2Fone&intent=conversation", ()),
    "localai": Asked("127.0.0.1:8080", "/v1/realtime?model=own%2Fone", ()),
    "speech-to-speech": Asked("127.0.0.1:8765", "/v1/realtime", ()),
    "vllm-omni": Asked("127.0.0.1:8091", "/v1/realtime", ()),
}
NEEDS_MODEL = ("speaches", "localai")


@pytest.fixture(scope="module")
def ours() -> Iterator[str]:
    with realtime_server(heard=["what time is it"] * 40, answers=["It is noon."] * 40) as url:
        yield url


def usual(name: str) -> Endpoint:
    return endpoint(name, KEYS, resource="mine", model="own/one" if name in NEEDS_MODEL else "")


def test_every_row_is_tested() -> None:
    assert VENDORS.keys() == DOORS.keys() == WIRES.keys()


@pytest.mark.parametrize("name", VENDORS)
def test_where_it_is(name: str) -> None:
    parts = urlsplit(usual(name).url)
    assert parts.scheme == ("wss" if name in SERVICES else "ws")
    assert parts.netloc == DOORS[name].host


class Ear:
    def __init__(self) -> None:
        self.events: list[server.ServerEvent] = []
        self.callbacks = LinkEvents(self.events.append, lambda observation: None, lambda status: None)

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(60):
            while not condition():  # noqa: ASYNC110  # a test waits for what a peer does
                await asyncio.sleep(0.01)


def rules(name: str, detection: ServerVad | SemanticVad | None) -> client.SessionUpdate:
    """As the conversation says it, with a voice and the wish to have the words written down."""
    spoken = None if detection is None else detection.model_dump()
    audio = {"input": {"turn_detection": spoken, "transcription": {}}, "output": {"voice": "default"}}
    return client.SessionUpdate(session={"type": "realtime", "audio": audio})


@pytest.mark.parametrize("name", VENDORS)
async def test_a_turn_by_hand_there_and_back(ours: str, name: str) -> None:
    ear = Ear()
    async with VendorServer(WIRES[name](), ours).running() as there:
        path = usual(name).url.partition(urlsplit(usual(name).url).netloc)[2]
        place = endpoint(f"{name}+{there.url}{path}", KEYS)
        link = WebSocketLink(place, chance=lambda: 0.0)
        try:
            await link.open(ear.callbacks)
            link.send(rules(name, None))
            tone = 8_000 * np.sin(np.arange(link.input_rate // 2) / 20)
            link.feed(tone.astype("<i2").tobytes())
            link.send(client.InputAudioBufferCommit())
            link.send(client.ResponseCreate())
            await ear.until(lambda: "response.done" in ear.types)
            spoken = next(event.item_id for event in ear.events if isinstance(event, server.OutputAudioDelta))
            link.send(client.ConversationItemTruncate(item_id=spoken, content_index=0, audio_end_ms=0))
            link.send(rules(name, ServerVad(threshold=0.4)))
            await ear.until(lambda: detected(ear) is not None)
        finally:
            await link.close()
    asked = DOORS[name]
    (request,) = there.requests
    assert request.path == asked.path
    assert [(each, request.headers[each]) for each, _ in asked.headers] == list(asked.headers)
    assert ("Authorization" in request.headers) == ("Authorization" in dict(asked.headers))
    assert "error" not in ear.types, "unknown events are not sent"
    assert ("conversation.item.truncated" in ear.types) == WIRES[name].editing
    said = [event.transcript for event in ear.events if isinstance(event, server.OutputAudioTranscriptDone)]
    assert [text.strip() for text in said] == ["It is noon."]
    sound = b"".join(base64.b64decode(each.delta) for each in ear.events if isinstance(each, server.OutputAudioDelta))
    assert len(sound) > 1_000
    found = link.traffic()
    assert found.up_ms == 500
    assert found.down_ms == len(sound) // 48
    assert found.tokens.output_audio > 0
    assert not found.leaves


def detected(ear: Ear) -> object:
    """The rules that the server has confirmed last."""
    updated = [event for event in ear.events if isinstance(event, server.SessionUpdated)]
    return updated[-1].session.audio.input.turn_detection if updated else None


@pytest.mark.parametrize("name", VENDORS)
async def test_what_it_is_told_of_turn_detection(ours: str, name: str) -> None:
    ear = Ear()
    async with VendorServer(WIRES[name](), ours).running() as there:
        link = WebSocketLink(endpoint(f"{name}+{there.url}/", KEYS), chance=lambda: 0.0)
        try:
            await link.open(ear.callbacks)
            for number, each in enumerate((ServerVad(silence_duration_ms=700), None), 1):
                link.send(rules(name, each))
                await ear.until(lambda number=number: ear.types.count("session.updated") > number)
        finally:
            await link.close()
    assert "error" not in ear.types, ear.events
    updates = [event["session"] for event in there.heard if event["type"] == "session.update"]
    flat = WIRES[name].dialect != "ga" or name == "xai"
    told = [session if flat else session["audio"]["input"] for session in updates[1:]]
    assert told[0]["turn_detection"]["type"] == "server_vad"
    assert told[0]["turn_detection"]["silence_duration_ms"] == 700
    assert told[1]["turn_detection"] == ({"type": "client_vad"} if name == "glm" else None)
    confirmed = [event.session for event in ear.events if isinstance(event, server.SessionUpdated)]
    assert isinstance(confirmed[1].audio.input.turn_detection, ServerVad)
    assert confirmed[1].audio.input.turn_detection.silence_duration_ms == 700
    assert confirmed[-1].audio.input.turn_detection is None


def test_the_end_of_speech_stands_for_a_commit_that_nobody_announces() -> None:
    frame = '{"type": "input_audio_buffer.speech_stopped", "item_id": "i1", "audio_end_ms": 900}'
    events = RemoteGa(VENDORS["speech-to-speech"].quirks).decode(frame)
    assert [event.type for event in events] == ["input_audio_buffer.speech_stopped", "input_audio_buffer.committed"]
    assert [getattr(event, "item_id", "") for event in events] == ["i1", "i1"]
    assert len(RemoteGa().decode(frame)) == 1
