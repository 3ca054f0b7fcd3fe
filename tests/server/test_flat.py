"""Which dialect a client gets; OpenAI's beta with the openai package."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from openai import AsyncOpenAI
from websockets.asyncio.client import connect


async def first(url: str, **options: Any) -> dict[str, Any]:
    async with connect(url, proxy=None, **options) as socket:
        return json.loads(await asyncio.wait_for(socket.recv(), 20))["session"]


async def test_the_path_and_the_header_choose_the_dialect(realtime_server_url: str) -> None:
    qwen = realtime_server_url.replace("/v1/", "/api-ws/v1/") + "?model=qwen3.5-omni-flash-realtime"
    beta = {"additional_headers": {"OpenAI-Beta": "realtime=v1"}}
    browser = {"subprotocols": ["realtime", "openai-insecure-api-key.x", "openai-beta.realtime-v1"]}
    assert "audio" in await first(realtime_server_url)
    assert "audio" in await first(realtime_server_url, additional_headers={"OpenAI-Beta": "assistants=v2"})
    for options in (beta, browser):
        session = await first(realtime_server_url, **options)
        assert (session["input_audio_format"], session["turn_detection"]["silence_duration_ms"]) == ("pcm16", 500)
    session = await first(f"{realtime_server_url}?model=x&intent=transcription")
    assert (session["type"], session["object"]) == ("transcription", "realtime.transcription_session")
    for options in ({}, beta):
        session = await first(qwen, **options)
        assert (session["input_audio_format"], session["turn_detection"]["silence_duration_ms"]) == ("pcm", 800)


@pytest.mark.realtime(answers=["It is noon."])
async def test_the_openai_packages_beta_client_types_a_question(realtime_server_url: str) -> None:
    client = AsyncOpenAI(api_key="none", websocket_base_url=realtime_server_url.removesuffix("/realtime"))
    item: Any = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "what time is it"}]}
    async with client.beta.realtime.connect(model="gpt-4o-realtime-preview") as connection:
        await connection.session.update(session={"modalities": ["text"], "temperature": 0.9})
        await connection.conversation.item.create(item=item)
        await connection.response.create()
        seen = []
        async with asyncio.timeout(20):
            while not seen or seen[-1].type != "response.done":
                seen.append(await connection.recv())
    names = [event.type for event in seen if event.type != "response.text.delta"]
    assert names == [
        "session.created",
        "conversation.created",
        "session.updated",
        "conversation.item.created",
        "response.created",
        "response.output_item.added",
        "conversation.item.created",
        "response.content_part.added",
        "response.text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]
    updated: Any = seen[2]
    assert updated.session.temperature == 0.9
    done: Any = seen[-1]
    assert done.response.output[0].content[0].text.strip() == "It is noon."
