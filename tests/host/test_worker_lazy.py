"""A model that is started when it is first wanted."""

from __future__ import annotations

import asyncio

from tui_assistant.engine.ports import Answer, Judge, Judged
from tui_assistant.host.workers import Port, WorkerEvent, WorkerPool, WorkerSpec, WorkerState

WORDS = WorkerSpec(Port.JUDGE, "words", lazy=True)


async def pool_with(spec: WorkerSpec) -> tuple[WorkerPool, list[WorkerEvent]]:
    events: list[WorkerEvent] = []
    pool = WorkerPool({spec.port: spec}, on_event=events.append)
    await pool.start()
    return pool, events


async def test_it_sleeps_until_it_is_woken_and_is_woken_once() -> None:
    pool, events = await pool_with(WORDS)
    await asyncio.sleep(0.05)
    assert (pool.state(Port.JUDGE), pool.pid(Port.JUDGE)) == (WorkerState.ASLEEP, None)
    assert not await asyncio.wait_for(pool.ready(Port.JUDGE), 1)  # nobody waits for what does not come
    assert [pool.wake(Port.JUDGE), pool.wake(Port.JUDGE), pool.wake(Port.RESPONDER)] == [True, False, False]
    assert await asyncio.wait_for(pool.ready(Port.JUDGE), 20)
    assert [event.kind for event in events] == ["ready"]
    await pool.close()
    assert not pool.wake(Port.JUDGE)


async def test_an_ask_wakes_it_too() -> None:
    pool, _ = await pool_with(WORDS)
    answers: list[Answer] = []
    answered = asyncio.Event()

    def answer(given: Answer) -> None:
        answers.append(given)
        answered.set()

    pool.post(Judge("1", b"", "set a timer for", 224), answer)
    await asyncio.wait_for(answered.wait(), 20)
    assert answers == [Judged(0.1, "words")]
    await pool.close()


async def test_one_that_was_never_wanted_can_be_replaced_and_closed() -> None:
    pool, _ = await pool_with(WORDS)
    await pool.replace(WorkerSpec(Port.JUDGE, "words"))
    assert pool.state(Port.JUDGE) is WorkerState.READY
    await pool.close()
    pool, events = await pool_with(WORDS)
    await asyncio.wait_for(pool.close(), 1)
    assert events == []
