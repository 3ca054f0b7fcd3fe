"""Servers that speak as the known services do: a proxy before our own that knows one service's wire, and is strict."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request

Event = dict[str, Any]


class Wire:
    """One service's way; this one is that of our own server at the same dialect."""

    dialect = "ga"
    editing = True  # it has conversation.item.truncate, delete and retrieve

    def up(self, event: Event) -> Event | None:
        """What our own server gets. A refusal is an `error` event, and goes back."""
        if not self.editing and event["type"].partition("item.")[2] in ("truncate", "delete", "retrieve"):
            return refusal(f"unknown event {event['type']}")
        return event

    def down(self, event: Event) -> list[Event]:
        return [event]


class Beta(Wire):
    dialect = "beta"


class Qwen(Wire):
    dialect, editing = "qwen", False


class StepFun(Beta):
    def up(self, event: Event) -> Event | None:
        rules = (event.get("session") or {}).get("turn_detection") or {}
        unknown = rules.keys() - {"type", "prefix_padding_ms", "silence_duration_ms"}
        return refusal(f"turn_detection: {unknown}") if unknown else super().up(event)


class Glm(Beta):
    """A mode of chat in every update; turn detection is never null; pcm16 is 16 kHz."""

    editing = False

    def up(self, event: Event) -> Event | None:
        if event["type"] == "session.update":
            session = event["session"]
            if session.pop("beta_fields", {}).get("chat_mode") != "audio":
                return refusal("beta_fields.chat_mode is required")
            if (session.get("input_audio_format"), session.pop("output_audio_format", "")) != ("pcm16", "pcm"):
                return refusal("formats")
            if "turn_detection" in session:
                if session["turn_detection"] is None:
                    return refusal("turn_detection must be an object")
                if session["turn_detection"]["type"] == "client_vad":
                    session["turn_detection"] = None
        return super().up(event)

    def down(self, event: Event) -> list[Event]:
        if event["type"].startswith("session.") and event["session"]["turn_detection"] is None:
            event["session"]["turn_detection"] = {"type": "client_vad"}
        return super().down(event)


class Xai(Wire):
    """Voice and turn detection stand at the top of the session; the conversation is announced first."""

    def up(self, event: Event) -> Event | None:
        if event["type"] == "session.update":
            session = event["session"]
            audio = session.setdefault("audio", {})
            if "turn_detection" in audio.get("input", {}) or "voice" in audio.get("output", {}):
                return refusal("turn_detection and voice are fields of the session itself")
            if "turn_detection" in session:
                audio.setdefault("input", {})["turn_detection"] = session.pop("turn_detection")
            if "voice" in session:
                audio.setdefault("output", {})["voice"] = session.pop("voice")
        return super().up(event)

    def down(self, event: Event) -> list[Event]:
        if event["type"].startswith("session."):
            session = event["session"]
            session["turn_detection"] = session["audio"]["input"].pop("turn_detection")
            session["voice"] = session["audio"]["output"].pop("voice")
        if event["type"] == "session.created":
            return [{"type": "conversation.created", "conversation": {"id": "conv_1"}}, {"type": "ping"}, event]
        return [event]


class Speaches(Beta):
    """An error for what it has no choice in."""

    def up(self, event: Event) -> Event | None:
        session = event.get("session") or {}
        refused = session.keys() & {"input_audio_format", "output_audio_format"}
        refused |= (session.get("turn_detection") or {}).keys() & {"prefix_padding_ms", "idle_timeout_ms"}
        return refusal(f"not supported: {refused}") if refused else super().up(event)


class HuggingFace(Wire):
    """Says of the user's turns neither that they are committed nor that there is an item."""

    editing = False

    def down(self, event: Event) -> list[Event]:
        quiet = ("input_audio_buffer.committed", "conversation.item.added", "conversation.item.done")
        return [] if event["type"] in quiet else [event]


class VllmOmni(Wire):
    """Sound comes as `audio`, with its rate."""

    editing = False

    def down(self, event: Event) -> list[Event]:
        if event["type"] == "response.output_audio.delta":
            event["audio"], event["sample_rate_hz"] = event.pop("delta"), 24_000
        return [event]


WIRES: dict[str, type[Wire]] = {
    "openai": Wire,
    "azure": Wire,
    "qwen": Qwen,
    "qwen-intl": Qwen,
    "qwen-workspace": Qwen,
    "qwen-workspace-intl": Qwen,
    "stepfun": StepFun,
    "stepfun-intl": StepFun,
    "xai": Xai,
    "glm": Glm,
    "speaches": Speaches,
    "localai": Wire,
    "speech-to-speech": HuggingFace,
    "vllm-omni": VllmOmni,
}


def refusal(message: str) -> Event:
    return {"type": "error", "error": {"type": "invalid_request_error", "code": "", "message": message}}


class VendorServer:
    """Keeps what it was asked; `url` is where it listens, without a path."""

    def __init__(self, wire: Wire, upstream: str) -> None:
        self._wire = wire
        self._upstream = upstream
        self.requests: list[Request] = []
        self.heard: list[Event] = []
        self.url = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[VendorServer]:
        async with serve(self._converse, "127.0.0.1", 0, max_size=None, close_timeout=0.1) as server:
            self.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield self

    async def _converse(self, client: ServerConnection) -> None:
        assert client.request is not None
        self.requests.append(client.request)
        headers = {"OpenAI-Beta": "realtime=v1"} if self._wire.dialect == "beta" else {}
        path = "/api-ws/v1/realtime" if self._wire.dialect == "qwen" else "/v1/realtime"
        upstream = f"ws://{urlsplit(self._upstream).netloc}{path}"
        async with connect(upstream, additional_headers=headers, proxy=None, max_size=None, close_timeout=0.1) as ours:

            async def down() -> None:
                with contextlib.suppress(ConnectionClosed):
                    async for frame in ours:
                        for event in self._wire.down(json.loads(frame)):
                            await client.send(json.dumps(event))

            task = asyncio.create_task(down())
            with contextlib.suppress(ConnectionClosed):
                async for frame in client:
                    event = json.loads(frame)
                    self.heard.append(json.loads(frame))
                    passed = self._wire.up(event)
                    if passed is not None:
                        await (client if passed["type"] == "error" else ours).send(json.dumps(passed))
            task.cancel()
