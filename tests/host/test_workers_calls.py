"""Functions of the client, called by a responder in a real worker process."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fakes import ScriptedDetector
from stub_server import DONE, StubServer, chunk, stream_head

from tui_assistant.engine.session import Session
from tui_assistant.host.session_host import SessionHost
from tui_assistant.host.workers import Port, WorkerPool, WorkerSpec
from tui_assistant.protocol import server as server_events
from tui_assistant.protocol.codec import decode_client

ADD = {"type": "function", "name": "add", "description": "Adds.", "parameters": {"type": "object", "größe": [1, None]}}
NOW = {"type": "function", "name": "now"}
ARGUMENTS = "response.function_call_arguments"


class Client:
    """One session whose responder is a process."""

    def __init__(self, pool: WorkerPool) -> None:
        self.events: list[tuple[float, server_events.ServerEvent]] = []
        self._news = asyncio.Event()
        self._host = SessionHost(Session(ScriptedDetector([])), pool.post, on_event=self._event)
        self._host.begin()

    def _event(self, event: server_events.ServerEvent) -> None:
        self.events.append((time.monotonic(), event))
        self._news.set()

    def send(self, kind: str, **fields: Any) -> None:
        self._host.event(decode_client(json.dumps({"type": kind, **fields})))

    def configure(self, **fields: Any) -> None:
        self.send("session.update", session={"type": "realtime", "output_modalities": ["text"], **fields})

    def say(self, text: str) -> None:
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        self.send("conversation.item.create", item=item)

    async def until(self, kind: str) -> list[tuple[float, server_events.ServerEvent]]:
        """Everything up to the next event of that kind, which is taken away."""
        async with asyncio.timeout(20):
            while kind not in [event.type for _, event in self.events]:
                self._news.clear()
                await self._news.wait()
        end = [event.type for _, event in self.events].index(kind) + 1
        found, self.events = self.events[:end], self.events[end:]
        return found

    async def answer(self) -> list[tuple[float, server_events.ServerEvent]]:
        await asyncio.sleep(0)
        self.events.clear()
        self.send("response.create")
        return await self.until("response.done")


@pytest.fixture
async def assistant() -> AsyncIterator[Client]:
    pool = WorkerPool({Port.RESPONDER: WorkerSpec(Port.RESPONDER, "worker_models:responder")}, on_event=lambda _: None)
    await pool.start()
    assert await pool.ready(Port.RESPONDER)
    client = Client(pool)
    client.configure()
    await client.until("response.done")  # the alarm that this responder rings for every session
    yield client
    await pool.close()


def of(kind: type[Any], events: list[tuple[float, server_events.ServerEvent]]) -> list[Any]:
    return [event for _, event in events if isinstance(event, kind)]


async def test_the_arguments_stream_and_the_output_goes_on(assistant: Client) -> None:
    assistant.configure(tools=[ADD], tool_choice="required")
    assistant.say("call")
    events = await assistant.answer()
    deltas = [(at, event) for at, event in events if isinstance(event, server_events.FunctionCallArgumentsDelta)]
    assert len(deltas) == 4
    assert deltas[-1][0] - deltas[0][0] > 0.1, "they come while the model writes, not at its end"
    (done,) = of(server_events.FunctionCallArgumentsDone, events)
    assert "".join(event.delta for _, event in deltas) == done.arguments
    assert json.loads(done.arguments) == {"of": ADD["parameters"], "choice": "required"}
    assert (done.name, done.call_id) == ("add", "call_of_1")
    (over,) = of(server_events.ResponseDone, events)
    assert (over.response.status, [item.type for item in over.response.output]) == ("completed", ["function_call"])
    output = {"type": "function_call_output", "call_id": "call_of_1", "output": '{"sum": 2}'}
    assistant.send("conversation.item.create", item=output)
    events = await assistant.answer()
    text = "".join(event.delta for event in of(server_events.OutputTextDelta, events))
    assert text.startswith(f"add {done.arguments}: ")
    assert '{"sum": 2}, of call_of_1' in text


async def test_two_calls_in_one_answer_and_a_choice_for_this_answer_alone(assistant: Client) -> None:
    assistant.configure(tools=[ADD, NOW])
    assistant.say("call")
    events = await assistant.answer()
    assert [event.call_id for event in of(server_events.FunctionCallArgumentsDone, events)] == [
        "call_of_1",
        "call_of_2",
    ]
    assert [event.output_index for event in of(server_events.OutputItemDone, events)] == [0, 1]
    assistant.say("call")
    assistant.events.clear()
    assistant.send("response.create", response={"tools": [NOW], "tool_choice": "none"})
    (done,) = of(server_events.FunctionCallArgumentsDone, await assistant.until("response.done"))
    assert (done.name, json.loads(done.arguments)["choice"]) == ("now", "none")


async def test_a_cancelled_call_stops_and_the_next_answer_works(assistant: Client) -> None:
    assistant.configure(tools=[ADD, NOW])
    assistant.say("call")
    assistant.send("response.create")
    await assistant.until(f"{ARGUMENTS}.delta")
    assistant.send("response.cancel")
    (done,) = of(server_events.ResponseDone, await assistant.until("response.done"))
    assert (done.response.status, done.response.output[0].status) == ("cancelled", "incomplete")
    await asyncio.sleep(0.3)
    assert assistant.events == []
    assistant.say("hello")
    assert "".join(event.delta for event in of(server_events.OutputTextDelta, await assistant.answer())) == "hello"


async def test_a_chat_server_calls_and_goes_on(server: StubServer) -> None:
    """From the protocol's tools to the server's, and back as events; the whole way through a process."""
    piece = {"index": 0, "id": "c1", "function": {"name": "add", "arguments": '{"x": 1}'}}
    made = {"choices": [{"index": 0, "delta": {"tool_calls": [piece]}, "finish_reason": "tool_calls"}]}
    call = [stream_head(), f"data: {json.dumps(made)}\n\n".encode(), DONE]
    server.handler = lambda request: iter(
        call if len(server.requests) == 1 else [stream_head(), chunk("It is 2."), DONE]
    )
    options = {"then_options": {"base_url": server.url, "model": "m", "keep_warm": "off"}}
    pool = WorkerPool({Port.RESPONDER: WorkerSpec(Port.RESPONDER, "fallback", options)}, on_event=lambda _: None)
    await pool.start()
    client = Client(pool)
    client.configure(tools=[ADD])
    client.say("who was the emperor of the moon")
    (done,) = of(server_events.FunctionCallArgumentsDone, await client.answer())
    assert (done.call_id, done.name, done.arguments) == ("c1", "add", '{"x": 1}')
    output = {"type": "function_call_output", "call_id": "c1", "output": "2"}
    client.send("conversation.item.create", item=output)
    text = "".join(event.delta for event in of(server_events.OutputTextDelta, await client.answer()))
    await pool.close()
    assert text == "It is 2."
    first, second = (request.json for request in server.requests)
    assert first["tools"][0]["function"] == {"name": "add", "description": "Adds.", "parameters": ADD["parameters"]}
    assert [message["role"] for message in second["messages"]] == ["system", "user", "assistant", "tool"]
    assert second["messages"][-1] == {"role": "tool", "tool_call_id": "c1", "content": "2"}
