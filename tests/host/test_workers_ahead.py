"""Asks that are prepared, in real worker processes: nothing acts before the Release."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace
from pathlib import Path

from stub_server import DONE, StubServer, chunk, stream_head
from worker_desk import OpenDesk, over, respond, until

from tui_assistant.engine.ports import Answer, Cancel, Release, Respond, Responded, TextDelta
from tui_assistant.host.workers import Port, WorkerPool, WorkerSpec


def prepared(ask_id: str, text: str) -> Respond:
    return replace(respond(ask_id, text), speculative=True)


async def test_a_model_that_acts_is_asked_only_when_it_is_released(desk: OpenDesk) -> None:
    room = await desk(responder="responder")
    held = room.ask(prepared("held", "hello"))
    cancelled = room.ask(prepared("cancelled", "never"))
    room.pool.post(Cancel("cancelled"))
    earnest = room.say("earnest", "slow")  # 300 ms in the same worker
    await until(lambda: over(earnest))
    assert held == []
    room.pool.post(Release("held"))
    await until(lambda: over(held))
    assert held == [TextDelta("hello"), Responded({"skill": "echo"}, 1, 2)]
    room.pool.post(Release("cancelled"))
    after = room.say("after", "slow")
    await until(lambda: over(after))
    assert cancelled == []


async def test_a_model_that_can_wait_thinks_before_it_is_released(desk: OpenDesk) -> None:
    room = await desk(responder="responder")
    one, other = room.ask(prepared("one", "think")), room.ask(prepared("other", "think"))
    await until(lambda: one and other)
    assert one == other == [TextDelta("a thought")]
    room.pool.post(Cancel("other"))
    room.pool.post(Release("one"))
    await until(lambda: over(one))
    assert one[-1] == Responded({"done": "it"})
    assert other == [TextDelta("a thought")]


async def test_a_release_at_once_is_an_ask_like_any_other(desk: OpenDesk) -> None:
    room = await desk(responder="responder")
    answers = room.ask(prepared("a", "hello"))
    room.pool.post(Release("a"))
    await until(lambda: over(answers))
    assert answers[0] == TextDelta("hello")


async def test_what_was_released_is_released_in_the_next_process(desk: OpenDesk) -> None:
    room = await desk(responder="responder")
    held = room.ask(prepared("held", "hello"))
    room.pool.post(Release("held"))  # both wait: the process is being started
    os.kill(await _pid(room.pool), signal.SIGKILL)
    await until(lambda: over(held))
    assert held[0] == TextDelta("hello")


async def _pid(pool: WorkerPool) -> int:
    while (pid := pool.pid(Port.RESPONDER)) is None:  # noqa: ASYNC110 - it is being started
        await asyncio.sleep(0.001)
    return pid


async def test_skills_wait_and_a_chat_server_on_this_machine_thinks(server: StubServer, tmp_path: Path) -> None:
    server.handler = lambda request: iter([stream_head(), chunk("Par"), chunk("is."), DONE])
    options = {
        "first_options": {"state_dir": str(tmp_path)},
        "then_options": {"base_url": server.url, "model": "m"},
    }
    pool = WorkerPool({Port.RESPONDER: WorkerSpec(Port.RESPONDER, "fallback", options)}, on_event=lambda event: None)
    await pool.start()
    timer: list[Answer] = []
    chat: list[Answer] = []
    pool.post(prepared("timer", "set a timer for five minutes"), timer.append)
    pool.post(prepared("chat", "who was the emperor of the moon"), chat.append)
    await until(lambda: over(chat))
    assert chat[:2] == [TextDelta("Par"), TextDelta("is.")]
    assert timer == []
    assert not (tmp_path / "timers.json").exists(), "nothing is done before the turn is over"
    pool.post(Cancel("timer"))
    pool.post(prepared("again", "set a timer for five minutes"), timer.append)
    pool.post(Release("again"))
    await until(lambda: over(timer))
    assert "five minutes" in b"".join(a.text.encode() for a in timer if isinstance(a, TextDelta)).decode().lower()
    assert (tmp_path / "timers.json").read_text(encoding="utf-8").count("300") >= 1
    await pool.close()
    assert len(server.requests) == 1
