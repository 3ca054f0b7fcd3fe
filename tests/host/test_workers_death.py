"""Workers that are killed: nobody's words are lost, and the user is told."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest
from worker_desk import OpenDesk, over, until

from tui_assistant.engine.ports import (
    Alarm,
    Cancel,
    Failed,
    Final,
    Notify,
    Partial,
    Responded,
    Speak,
    Spoken,
    TextDelta,
    Transcribe,
    TranscribeAudio,
    TranscribeEnd,
)
from tui_assistant.host.workers import WorkerState
from tui_assistant.models.registry import Port


async def test_a_recogniser_killed_in_mid_stream_hears_everything_again(desk: OpenDesk) -> None:
    d = await desk(recogniser="recogniser")
    heard, other = d.ask(Transcribe("t")), d.ask(Transcribe("other"))
    d.pool.post(TranscribeAudio("t", b"one "))
    d.pool.post(TranscribeAudio("other", b"bystander"))
    await until(lambda: heard and other)
    old = d.pool.pid(Port.RECOGNISER)
    os.kill(old, signal.SIGKILL)
    d.pool.post(TranscribeAudio("t", b"two "))  # before anybody has noticed
    await until(lambda: d.events[-1].kind == "died")
    d.pool.post(TranscribeAudio("t", b"three"))
    d.pool.post(TranscribeEnd("t"))
    d.pool.post(TranscribeEnd("other"))
    await until(lambda: over(heard) and over(other))
    assert heard[-1] == Final("one two three")
    assert other[-1] == Final("bystander")
    assert not any(isinstance(answer, Failed) for answer in heard + other)
    assert d.pool.pid(Port.RECOGNISER) != old
    assert [e.kind for e in d.events] == ["ready", "died", "restarted"]
    assert d.events[1].message == (
        "the recogniser worker_models:recogniser ended unexpectedly (SIGKILL) and is started again"
    )
    assert d.pool.counters == {"recogniser_dropped": 0, "recogniser_deaths": 1}


async def test_a_stream_that_had_ended_is_still_answered(desk: OpenDesk) -> None:
    d = await desk(recogniser="recogniser")
    assert await d.pool.ready(Port.RECOGNISER)
    os.kill(d.pool.pid(Port.RECOGNISER), signal.SIGSTOP)  # it cannot answer any more
    heard = d.ask(Transcribe("t"))
    d.pool.post(TranscribeAudio("t", b"whole"))
    d.pool.post(TranscribeEnd("t"))
    await asyncio.sleep(0.05)
    os.kill(d.pool.pid(Port.RECOGNISER), signal.SIGKILL)
    await until(lambda: over(heard))
    assert heard == [Partial("whole", "…"), Final("whole")]


async def test_audio_that_kills_the_recogniser_is_given_up_and_the_next_stream_works(desk: OpenDesk) -> None:
    d = await desk(recogniser=("recogniser", {"deadly": True}))
    heard = d.ask(Transcribe("t"))
    d.pool.post(TranscribeAudio("t", b"die!"))
    d.pool.post(TranscribeEnd("t"))
    await until(lambda: over(heard))
    assert isinstance(heard[-1], Failed)
    assert heard[-1].code == "worker_died"
    fine = d.ask(Transcribe("u"))
    d.pool.post(TranscribeAudio("u", b"fine"))
    d.pool.post(TranscribeEnd("u"))
    await until(lambda: over(fine))
    assert fine[-1] == Final("fine")
    assert [e.kind for e in d.events] == ["ready", "died", "restarted", "died", "restarted", "died", "restarted"]


async def test_an_answer_cut_off_by_a_death_fails_and_waiting_asks_do_not(desk: OpenDesk) -> None:
    d = await desk(responder="responder", synthesiser="synthesiser")
    endless = d.say("e", "endless")
    forever = d.ask(Speak("f", "forever"))
    await until(lambda: len(endless) > 2 and d.pool.state(Port.SYNTHESISER) is WorkerState.READY)
    await asyncio.sleep(0.05)
    for port in (Port.RESPONDER, Port.SYNTHESISER):
        os.kill(d.pool.pid(port), signal.SIGKILL)
    await until(lambda: over(endless) and over(forever))
    assert endless[-1] == Failed("worker_died", "the responder worker_models:responder ended unexpectedly; ask again")
    assert forever == [Failed("worker_died", "the synthesiser worker_models:synthesiser ended unexpectedly; ask again")]
    again, spoken = d.say("r", "here"), d.ask(Speak("s", "a"))  # while it is being started
    await until(lambda: over(again) and over(spoken))
    assert again == [TextDelta("here"), Responded({"skill": "echo"}, 1, 2)]
    assert spoken[-1] == Spoken()


async def test_notify_is_posted_again_by_the_pool(desk: OpenDesk) -> None:
    d = await desk(responder="responder")
    alarms, cancelled = d.ask(Notify("n", "s")), d.ask(Notify("c", "s"))
    await until(lambda: alarms and cancelled)
    d.pool.post(Cancel("c"))
    os.kill(d.pool.pid(Port.RESPONDER), signal.SIGKILL)
    await until(lambda: len(alarms) == 2)
    assert all(isinstance(alarm, Alarm) for alarm in alarms)
    assert alarms[1].text == f"s {d.pool.pid(Port.RESPONDER)}"
    assert len(cancelled) == 1


@pytest.mark.parametrize(("model", "how"), [("dies_loading", "status 7"), ("writes_nonsense", "it wrote nonsense")])
async def test_a_model_that_dies_again_and_again_is_given_up(desk: OpenDesk, model: str, how: str) -> None:
    d = await desk(responder=model)
    early, alarms = d.say("early", "x"), d.ask(Notify("n", "s"))
    assert await d.pool.ready(Port.RESPONDER) is False
    late = d.say("late", "x")
    await until(lambda: over(early) and over(late))
    assert [e.kind for e in d.events] == ["died"] * 4 + ["failed"]
    assert "ended 5 times within a minute" in d.events[-1].message
    assert how in d.events[-1].message
    assert early == late == [Failed("model_unavailable", d.events[-1].message)]
    assert alarms == []
    assert d.pool.state(Port.RESPONDER) is WorkerState.FAILED


async def test_a_worker_ends_when_its_host_is_gone(desk: OpenDesk) -> None:
    d = await desk(recogniser="recogniser")
    assert await d.pool.ready(Port.RECOGNISER)
    worker = d.pool._workers[Port.RECOGNISER]  # the pipe as a dying host leaves it: closed, without a signal
    pid, process = worker.pid, worker._process._process
    process.stdin.close()
    await asyncio.wait_for(process.wait(), 5)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_full_queue_counts_what_it_refuses(desk: OpenDesk) -> None:
    d = await desk(recogniser=("recogniser", {"load_s": 0.4}))
    heard = d.ask(Transcribe("t"))
    second = bytes(32_000)
    for _ in range(400):  # 12.8 MB, the queue holds 8 and the worker's inbox 1
        d.pool.post(TranscribeAudio("t", second))
    assert 130 < d.pool.dropped < 180
    assert d.pool.counters["recogniser_dropped"] == d.pool.dropped
    d.pool.post(Cancel("t"))
    small = d.ask(Transcribe("u"))
    d.pool.post(TranscribeAudio("u", b"there is room again"))
    d.pool.post(TranscribeEnd("u"))
    await until(lambda: over(small))
    assert small[-1] == Final("there is room again")
    assert heard == []
