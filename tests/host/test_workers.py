"""Real worker processes with tiny models: answers, failures, cancelling, closing."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest
from worker_desk import OpenDesk, over, respond, until

from tui_assistant.engine.ports import (
    Alarm,
    Answer,
    AudioChunk,
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
from tui_assistant.errors import LocalProtocolError, ModelError
from tui_assistant.host.workers import WorkerSpec
from tui_assistant.models.registry import Port


async def test_each_ask_reaches_its_port_and_gets_its_answers(desk: OpenDesk) -> None:
    d = await desk(recogniser="recogniser", responder="responder", synthesiser="synthesiser")
    heard = d.ask(Transcribe("t"))
    d.pool.post(TranscribeAudio("t", b"ab"))
    d.pool.post(TranscribeAudio("t", b"cd"))
    d.pool.post(TranscribeEnd("t"))
    said = d.say("r", "hello \ud800 ☃\n\x00")
    spoken = d.ask(Speak("s", "abc"))
    await until(lambda: over(heard) and over(said) and over(spoken))
    assert heard == [Partial("ab", "…"), Partial("abcd", "…"), Final("abcd")]
    assert said == [TextDelta("hello \ud800 ☃\n\x00"), Responded({"skill": "echo"}, 1, 2)]
    assert spoken == [*(AudioChunk(bytes([n, 0]) * 160, 16_000) for n in range(3)), Spoken()]
    assert {(e.kind, e.port) for e in d.events} == {
        ("ready", port) for port in (Port.RECOGNISER, Port.RESPONDER, Port.SYNTHESISER)
    }
    assert all(e.message and "\n" not in e.message for e in d.events)


async def test_a_recogniser_that_learns_is_told_whom_it_hears(desk: OpenDesk) -> None:
    d = await desk(recogniser="learner")
    one, two = d.ask(Transcribe("1", "en", "sess_a")), d.ask(Transcribe("2", None, "sess_b"))
    for ask_id in ("1", "2"):
        d.pool.post(TranscribeAudio(ask_id, b"x"))
        d.pool.post(TranscribeEnd(ask_id))
    await until(lambda: over(one) and over(two))
    assert (one[-1], two[-1]) == (Final("sess_a en: x"), Final("sess_b None: x"))


async def test_asks_wait_in_order_while_the_model_loads(desk: OpenDesk) -> None:
    d = await desk(recogniser=("recogniser", {"load_s": 0.3}))
    first, second = d.ask(Transcribe("1")), d.ask(Transcribe("2"))
    for ask_id, pcm in (("1", b"a"), ("2", b"x"), ("1", b"b"), ("2", b"y")):
        d.pool.post(TranscribeAudio(ask_id, pcm))
    d.pool.post(TranscribeEnd("2"))
    d.pool.post(TranscribeEnd("1"))
    assert first == []
    await until(lambda: over(first) and over(second))
    assert (first[-1], second[-1]) == (Final("ab"), Final("xy"))


async def test_what_libraries_print_never_disturbs_the_answers_and_lands_in_the_log(
    desk: OpenDesk, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    d = await desk(recogniser="recogniser", log=tmp_path / "logs" / "workers.log")
    heard = d.ask(Transcribe("t"))
    d.pool.post(TranscribeAudio("t", b"ab"))
    d.pool.post(TranscribeEnd("t"))
    await until(lambda: over(heard))
    assert heard[-1] == Final("ab")
    log = (tmp_path / "logs" / "workers.log").read_text()
    assert "a library talks" in log
    assert "its C part" in log
    assert capfd.readouterr() == ("", "")


async def test_an_exception_in_a_model_is_one_line_and_the_worker_lives_on(desk: OpenDesk) -> None:
    d = await desk(recogniser="recogniser", responder="responder")
    heard = d.ask(Transcribe("t"))
    d.pool.post(TranscribeAudio("t", b"bad!"))
    d.pool.post(TranscribeAudio("t", b"more"))
    d.pool.post(TranscribeEnd("t"))
    klingon = d.ask(Transcribe("k", language="tlh"))
    failed, wrong = d.say("f", "fail"), d.say("w", "wrong")
    await until(lambda: over(heard) and over(klingon) and over(failed) and over(wrong))
    assert heard == [Failed("model_failed", "the model failed: ValueError: first line")]
    assert klingon == [Failed("model_failed", "nobody speaks this (learn it)")]
    assert failed == [Failed("model_failed", "the model is out (come back later)")]
    assert wrong == [Failed("model_failed", "the model failed: TypeError: the model gave str where TextDelta belongs")]
    again = d.say("r", "still here")
    await until(lambda: over(again))
    assert again[0] == TextDelta("still here")
    assert [e.kind for e in d.events] == ["ready", "ready"]


@pytest.mark.parametrize(
    ("model", "line"),
    [
        ("broken", "the responder worker_models:broken does not start: RuntimeError: weights are gone"),
        ("without_library", "needs the library a_library_that_nobody_has, which is not installed"),
        ("no_such_function", "worker_models:no_such_function is not a function"),
    ],
)
async def test_a_model_that_cannot_load_answers_with_the_reason(desk: OpenDesk, model: str, line: str) -> None:
    d = await desk(responder=model)
    early = d.say("early", "x")
    assert await d.pool.ready(Port.RESPONDER) is False
    late = d.say("late", "x")
    assert late == []  # never from inside the call
    await until(lambda: over(early) and over(late))
    assert early == late
    assert isinstance(early[0], Failed)
    assert early[0].code == "model_unavailable"
    assert line in early[0].message
    assert "\n" not in early[0].message
    assert [e.kind for e in d.events] == ["failed"]


async def test_a_port_without_a_worker_says_how_to_mend_that(desk: OpenDesk) -> None:
    d = await desk()
    said = d.ask(Speak("s", "x"))
    gone = d.ask(Speak("c", "x"))
    d.pool.post(Cancel("c"))
    await until(lambda: over(said))
    assert said == [Failed("model_unavailable", "there is no synthesiser (tui-assistant doctor says how to get one)")]
    assert gone == []


async def test_nothing_comes_after_a_cancel(desk: OpenDesk) -> None:
    d = await desk(recogniser="recogniser", responder="responder", synthesiser="synthesiser")
    endless, forever, heard = d.say("e", "endless"), d.ask(Speak("f", "forever")), d.ask(Transcribe("t"))
    next_one = d.ask(Speak("n", "ab"))
    d.pool.post(TranscribeAudio("t", b"ab"))
    await until(lambda: len(endless) > 3 and heard)
    for ask_id in ("e", "f", "t", "unknown"):
        d.pool.post(Cancel(ask_id))
    counts = len(endless), len(forever), len(heard)
    await until(lambda: over(next_one))  # the one thread is free again
    d.pool.post(TranscribeAudio("t", b"late"))
    await asyncio.sleep(0.05)
    assert (len(endless), len(forever), len(heard)) == counts
    reused = d.ask(Transcribe("t"))  # the id is free
    d.pool.post(TranscribeEnd("t"))
    await until(lambda: over(reused))
    assert reused == [Final("")]


async def test_an_ask_that_is_cancelled_while_it_waits_never_reaches_the_model(desk: OpenDesk) -> None:
    d = await desk(recogniser=("recogniser", {"load_s": 0.2}))
    gone, kept = d.ask(Transcribe("gone")), d.ask(Transcribe("kept"))
    d.pool.post(TranscribeAudio("gone", b"bad!"))
    d.pool.post(TranscribeAudio("kept", b"k"))
    d.pool.post(Cancel("gone"))
    d.pool.post(TranscribeEnd("kept"))
    await until(lambda: over(kept))
    assert gone == []
    assert kept[-1] == Final("k")


async def test_an_open_id_and_an_ask_without_a_taker_are_bugs(desk: OpenDesk) -> None:
    d = await desk(responder="responder")
    d.say("1", "endless")
    with pytest.raises(LocalProtocolError):
        d.say("1", "x")
    with pytest.raises(LocalProtocolError):
        d.pool.post(respond("2", "x"))
    one, two = d.pool.scoped("one"), d.pool.scoped("two")
    answers: tuple[list[Answer], list[Answer]] = ([], [])
    one(respond("1", "from one"), answers[0].append)
    two(respond("1", "from two"), answers[1].append)
    await until(lambda: over(answers[0]) and over(answers[1]))
    assert [a[0] for a in answers] == [TextDelta("from one"), TextDelta("from two")]


async def test_asks_to_a_responder_run_beside_each_other(desk: OpenDesk) -> None:
    d = await desk(responder="responder")
    endless = d.say("e", "endless")
    many = [d.say(f"m{n}", f"number {n}") for n in range(40)]
    await until(lambda: all(map(over, many)))
    assert [a[0] for a in many] == [TextDelta(f"number {n}") for n in range(40)]
    assert not over(endless)


async def test_a_worker_imports_only_what_its_model_needs(desk: OpenDesk) -> None:
    d = await desk(responder="responder")
    said = d.say("m", "modules")
    await until(lambda: over(said))
    assert isinstance(said[0], TextDelta)
    loaded = set(said[0].text.split())
    assert "tui_assistant.engine.ports" in loaded
    for heavy in (
        "textual",
        "sounddevice",
        "pydantic",
        "asyncio",
        "httpx",
        "websockets",
        "click",
        "importlib.metadata",
    ):
        assert heavy not in loaded


async def test_notify_stays_open_until_it_is_cancelled(desk: OpenDesk) -> None:
    d = await desk(responder="responder")
    alarms = d.ask(Notify("n", "session 1"))
    await until(lambda: alarms)
    assert isinstance(alarms[0], Alarm)
    assert alarms[0].text.startswith("session 1 ")
    d.pool.post(Cancel("n"))
    after = d.say("r", "x")
    await until(lambda: over(after))
    assert len(alarms) == 1


async def test_another_model_takes_over_while_the_old_one_finishes(desk: OpenDesk) -> None:
    d = await desk(responder=("responder", {"prefix": "old "}))
    alarms = d.ask(Notify("n", "s"))
    await until(lambda: alarms)
    slow = d.say("slow", "slow")
    await d.pool.replace(WorkerSpec(Port.RESPONDER, "worker_models:responder", {"prefix": "new "}))
    fresh = d.say("fresh", "hi")
    await until(lambda: over(slow) and over(fresh) and len(alarms) == 2)
    assert (slow[0], fresh[0]) == (TextDelta("old slow"), TextDelta("new hi"))
    with pytest.raises(ModelError, match="weights are gone"):
        await d.pool.replace(WorkerSpec(Port.RESPONDER, "worker_models:broken"))
    still = d.say("still", "hi")
    await until(lambda: over(still))
    assert still[0] == TextDelta("new hi")
    assert [e.kind for e in d.events] == ["ready", "ready"]
    await d.pool.replace(WorkerSpec(Port.SYNTHESISER, "worker_models:synthesiser"))
    spoken = d.ask(Speak("s", "a"))
    await until(lambda: over(spoken))
    assert spoken[-1] == Spoken()


async def test_close_is_quick_also_when_a_worker_is_stubborn(desk: OpenDesk) -> None:
    d = await desk(recogniser="deaf", responder="responder", synthesiser=("synthesiser", {}))
    endless = d.say("e", "endless")
    await until(lambda: len(endless) > 3)
    pids = [d.pool.pid(port) for port in (Port.RECOGNISER, Port.RESPONDER, Port.SYNTHESISER)]
    began = time.monotonic()
    await d.pool.close()
    took = time.monotonic() - began
    count = len(endless)
    assert took < 1.3  # the promise is 1 s; the rest is for a busy machine
    await asyncio.sleep(0.05)
    assert len(endless) == count
    for pid in pids:
        assert pid is not None
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert d.say("late", "x") == []
