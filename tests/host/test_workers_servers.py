"""Servers that hear and speak, behind real worker processes: answers, cancellations, and what takes over."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from stub_server import StubServer, respond, stream_head
from worker_desk import over, until

from tui_assistant.engine.ports import (
    Answer,
    AudioChunk,
    Cancel,
    Final,
    Partial,
    Speak,
    Spoken,
    Transcribe,
    TranscribeAudio,
    TranscribeEnd,
)
from tui_assistant.host.workers import WorkerEvent, WorkerPool, WorkerSpec
from tui_assistant.models.registry import Port

PCM = bytes(32_000)


class Desk:
    def __init__(self, server: StubServer) -> None:
        self.events: list[WorkerEvent] = []
        options = {"base_url": server.url, "timeout": 20}
        specs = {
            Port.RECOGNISER: WorkerSpec(Port.RECOGNISER, "transcriptions", {**options, "api_key_env": "HEARING_KEY"}),
            Port.SYNTHESISER: WorkerSpec(Port.SYNTHESISER, "speech", options),
        }
        self.pool = WorkerPool(specs, on_event=self.events.append)

    def hear(self, ask_id: str) -> list[Answer]:
        answers: list[Answer] = []
        self.pool.post(Transcribe(ask_id), answers.append)
        self.pool.post(TranscribeAudio(ask_id, PCM))
        self.pool.post(TranscribeEnd(ask_id))
        return answers

    def say(self, ask_id: str) -> list[Answer]:
        answers: list[Answer] = []
        self.pool.post(Speak(ask_id, "It is noon."), answers.append)
        return answers


@pytest.fixture
async def desk(server: StubServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setenv("HEARING_KEY", "sk-of-the-worker")
    made = Desk(server)
    await made.pool.start()
    yield made
    await made.pool.close()


def event(**value: Any) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()


async def test_both_answer(server: StubServer, desk: Desk) -> None:
    def handle(request: Any) -> Any:
        if request.path.endswith("/speech"):
            return respond(200, bytes(9_600), "audio/pcm")
        assert request.headers["authorization"] == "Bearer sk-of-the-worker"
        delta = event(type="transcript.text.delta", delta="it is ")
        return iter([stream_head(), delta, event(type="transcript.text.done", text="it is noon")])

    server.handler = handle
    heard, said = desk.hear("h"), desk.say("s")
    await until(lambda: over(heard) and over(said))
    assert heard == [Partial("it is"), Partial("it is noon"), Final("it is noon")]
    assert said == [AudioChunk(bytes(2_400), 24_000)] * 4 + [Spoken()]
    assert [each.kind for each in desk.events] == ["ready", "ready"]


@pytest.mark.parametrize("what", ["hear", "say"])
async def test_a_cancel_closes_the_connection_and_the_next_ask_is_answered(
    server: StubServer, desk: Desk, what: str
) -> None:
    server.handler = lambda request: iter([60.0])
    ask = getattr(desk, what)
    first = ask("a")
    await until(lambda: server.requests)
    desk.pool.post(Cancel("a"))
    await until(server.gone.is_set)
    server.handler = lambda request: respond(200, b'{"text": "yes"}' if what == "hear" else bytes(480), "audio/pcm")
    second = ask("b")
    await until(lambda: over(second))
    assert isinstance(second[-1], Final | Spoken)
    assert first == []


async def test_a_server_that_fails_is_said_and_a_local_model_takes_over(server: StubServer, desk: Desk) -> None:
    server.handler = lambda request: respond(503, b"")
    said = desk.say("s")
    await until(lambda: over(said))
    assert said[-1] == Spoken()
    assert isinstance(said[0], AudioChunk)  # espeak-ng has said it
    (told,) = [each for each in desk.events if each.kind == "instead"]
    assert "refuses with 503" in told.message
    assert told.message.endswith("takes the place of speech until it works again")
