"""The real voice, the real skills and a real chat connection in their worker processes."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time

import numpy as np
import pytest
from stub_server import DONE, StubServer, chunk, stream_head
from worker_desk import over, respond, until

from tui_assistant.engine.ports import Answer, AudioChunk, Cancel, Failed, Responded, Speak, Spoken, TextDelta
from tui_assistant.host.workers import WorkerEvent, WorkerPool, WorkerSpec
from tui_assistant.models.registry import Port

LONG = "this sentence is said again and again, and nobody can make it stop. " * 2000


async def test_the_voice_speaks_is_stopped_and_speaks_again() -> None:
    events: list[WorkerEvent] = []
    pool = WorkerPool({Port.SYNTHESISER: WorkerSpec(Port.SYNTHESISER, "espeak")}, on_event=events.append)
    await pool.start()
    long: list[Answer] = []
    pool.post(Speak("long", LONG), long.append)
    await until(lambda: long)
    pool.post(Cancel("long"))
    count, began = len(long), time.monotonic()
    short: list[Answer] = []
    pool.post(Speak("short", "Timer set for five minutes."), short.append)
    await until(lambda: short)
    waited = time.monotonic() - began
    await until(lambda: over(short))
    await pool.close()
    assert waited < 1.0  # 2.7 ms where nothing else runs; the long text would be 35 min of audio
    assert len(long) == count
    assert short[-1] == Spoken()
    pcm = b"".join(answer.pcm for answer in short if isinstance(answer, AudioChunk))
    samples = np.frombuffer(pcm, np.int16).astype(float) / 32768
    assert 1.0 < len(samples) / 22_050 < 4.0
    assert -30 < 10 * np.log10(np.mean(samples**2)) < -10
    assert [event.kind for event in events] == ["ready"]


async def test_skills_answer_and_a_chat_server_takes_the_rest(
    server: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUB_KEY", "sk-of-the-worker")
    server.handler = lambda request: iter([stream_head(), chunk("Par"), chunk("is."), DONE])
    options = {"then_options": {"base_url": server.url, "model": "m", "api_key_env": "STUB_KEY"}}
    pool = WorkerPool({Port.RESPONDER: WorkerSpec(Port.RESPONDER, "fallback", options)}, on_event=lambda event: None)
    await pool.start()
    skill: list[Answer] = []
    chat: list[Answer] = []
    pool.post(respond("skill", "what is two plus two"), skill.append)
    pool.post(respond("chat", "who was the emperor of the moon"), chat.append)
    await until(lambda: over(skill) and over(chat))
    assert isinstance(skill[0], TextDelta)
    assert "4" in skill[0].text or "four" in skill[0].text.lower()
    assert chat == [TextDelta("Par"), TextDelta("is."), Responded({"model": "m"})]
    assert len(server.requests) == 1
    assert server.requests[0].headers["authorization"] == "Bearer sk-of-the-worker"
    server.handler = lambda request: iter([30.0])
    waiting: list[Answer] = []
    pool.post(respond("waiting", "who was the emperor of the moon"), waiting.append)
    await until(lambda: len(server.requests) == 2)
    pool.post(Cancel("waiting"))
    assert await asyncio.to_thread(server.gone.wait, 2.0)  # closed before its first word
    server.close()
    failed: list[Answer] = []
    pool.post(respond("failed", "who was the emperor of the moon"), failed.append)
    await until(lambda: over(failed))
    await pool.close()
    assert waiting == []
    assert isinstance(failed[0], Failed)
    assert "no chat server answers" in failed[0].message


def test_a_pool_lives_on_the_loop_of_any_thread_and_ctrl_c_is_not_for_workers() -> None:
    """The conversation has a thread of its own; the terminal's SIGINT goes to the whole foreground group."""
    said: list[Answer] = []
    errors: list[BaseException] = []

    async def talk() -> None:
        spec = WorkerSpec(Port.RESPONDER, "worker_models:responder")
        pool = WorkerPool({Port.RESPONDER: spec}, on_event=lambda event: None)
        await pool.start()
        assert await pool.ready(Port.RESPONDER)
        pid = pool.pid(Port.RESPONDER)
        assert pid is not None
        assert os.getsid(pid) == pid
        os.kill(pid, signal.SIGINT)
        pool.post(respond("1", "hello"), said.append)
        await until(lambda: over(said))
        assert pool.pid(Port.RESPONDER) == pid
        await pool.close()

    def run() -> None:
        try:
            asyncio.run(talk())
        except BaseException as error:  # noqa: BLE001 - handed to the test's thread
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    assert errors == []
    assert said == [TextDelta("hello"), Responded({"skill": "echo"}, 1, 2)]
