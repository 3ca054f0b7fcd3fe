"""A judge in its worker process, and what is said where there is none."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tui_assistant.engine.ports import Answer, Cancel, Failed, Judge, Judged
from tui_assistant.host.workers import Port, WorkerEvent, WorkerPool, WorkerSpec


async def judgements(pool: WorkerPool, *asks: Judge) -> list[Answer]:
    found: list[Answer] = []
    for ask in asks:
        pool.post(ask, found.append)
    async with asyncio.timeout(20):
        while len(found) < len(asks):  # noqa: ASYNC110 - answers come by callback
            await asyncio.sleep(0.01)
    return found


async def test_words_are_judged_in_a_worker() -> None:
    pool = WorkerPool({Port.JUDGE: WorkerSpec(Port.JUDGE, "words")}, on_event=lambda event: None)
    await pool.start()
    asks = [Judge("1", bytes(32_000), "set a timer for", 224), Judge("2", b"", "set a timer for two minutes", 384)]
    assert await judgements(pool, *asks) == [Judged(0.1, "words"), Judged(0.95, "words")]
    pool.post(Judge("3", b"", "", 224), lambda answer: None)
    pool.post(Cancel("3"))
    assert await judgements(pool, Judge("4", b"", "", 224)) == [Judged(0.5, "words")]
    await pool.close()


async def test_without_smart_turn_the_words_judge_and_it_is_said(tmp_path: Path) -> None:
    events: list[WorkerEvent] = []
    pool = WorkerPool({Port.JUDGE: WorkerSpec(Port.JUDGE, "best", {"folder": str(tmp_path)})}, on_event=events.append)
    await pool.start()
    assert await pool.ready(Port.JUDGE)
    assert await judgements(pool, Judge("1", bytes(32_000), "uhm", 224)) == [Judged(0.05, "words")]
    (ready,) = events
    assert "words alone" in ready.message
    assert "smart-turn" in ready.message
    await pool.close()


async def test_no_judge_is_a_failed_answer() -> None:
    pool = WorkerPool({}, on_event=lambda event: None)
    await pool.start()
    (answer,) = await judgements(pool, Judge("1", b"", "", 224))
    assert isinstance(answer, Failed)
    await pool.close()
