"""semantic_vad with a judge: when it is asked, when its answer works; how long it took does not matter."""

from __future__ import annotations

from typing import Any

import oracle
import pytest
from fakes import RATE, Driver, ScriptedDetector, config, counting
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_assistant.engine import intake
from tui_assistant.engine.judging import LATE_MS
from tui_assistant.engine.observation import Dropped, FrameSeen
from tui_assistant.engine.ports import Cancel, Failed, Judge, Judged, Partial, Transcribe
from tui_assistant.host.detector import TurnDetector
from tui_assistant.protocol import server
from tui_assistant.protocol.session import SemanticVad

FRAME = 512
MEDIUM = SemanticVad(create_response=False)


def driver(pattern: list[tuple[float, int]], rules: SemanticVad = MEDIUM) -> Driver:
    p = [value for value, frames in pattern for _ in range(frames)]
    return Driver(ScriptedDetector(p), config(rules), judge=True)


def asked(session: Driver) -> list[Judge]:
    return session.of(Judge)


def test_the_judge_is_asked_at_each_slot_with_audio_and_words() -> None:
    """Frames are 32 ms: the slots 200, 360, 520 are reached at 224, 384 and 544 ms of silence."""
    session = driver([(0.9, 20)])
    session.feed(counting(20 * FRAME))
    session.answer(session.of(Transcribe)[0], Partial("set a", "timer"))
    for frame in range(20):
        session.feed(counting(FRAME, (20 + frame) * FRAME))
        if frame in (6, 11, 16):
            session.answer(asked(session)[-1], Judged(0.0, "test"))
    assert [ask.silence_ms for ask in asked(session)] == [224, 384, 544]
    assert {ask.text for ask in asked(session)} == {"set a timer"}
    assert asked(session)[0].pcm == counting(27 * FRAME)


def test_without_a_judge_nobody_is_asked() -> None:
    session = Driver(ScriptedDetector([0.9] * 20), config(MEDIUM))
    session.feed(counting(80 * FRAME))
    assert asked(session) == []
    assert [(event.reason or {})["judge"] for event in session.of(server.SpeechStopped)] == ["none"]


def test_the_judge_hears_the_last_8_s_of_the_turn() -> None:
    session = driver([(0.9, 300)])
    session.feed(counting(310 * FRAME))
    (ask,) = asked(session)
    assert ask.pcm == counting(8 * RATE, 307 * FRAME - 8 * RATE)


@pytest.mark.parametrize(("p", "over_ms"), [(1.0, 320), (0.8, 384), (0.79, 544), (0.5, 1_184)])
def test_a_turn_ends_at_the_first_slot_that_is_long_enough(p: float, over_ms: int) -> None:
    """P = 1: wait(P) is 200 ms, known 96 ms after the question at 224."""
    session = driver([(0.9, 20)])
    session.feed(counting(80 * FRAME))
    while session.of(server.SpeechStopped) == []:
        session.answer(asked(session)[-1], Judged(p, "test"))
    (stopped,) = session.of(server.SpeechStopped)
    assert stopped.audio_end_ms == stopped.at_ms == 20 * 32 + over_ms
    wait = round(200 + 3_800 * (1 - p) ** 2)
    expected = {"rule": "judge", "p": p, "wait_ms": wait, "silence_ms": over_ms, "judge": "test"}
    assert stopped.reason == expected


def test_the_newest_answer_counts() -> None:
    session = driver([(0.9, 20)])
    session.feed(counting(40 * FRAME))
    for p in (0.1, 0.2, 1.0):
        session.answer(asked(session)[-1], Judged(p, "test"))
    assert session.of(server.SpeechStopped)[0].at_ms == 20 * 32 + 544 + 96
    shown = [seen.judged for seen in session.of(FrameSeen) if seen.end_ms >= 20 * 32 + 288]
    assert shown[:7] == [None, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2]


def test_audio_behind_an_unanswered_question_is_kept() -> None:
    session = driver([(0.9, 20), (0.0, 9), (0.9, 10)])
    session.feed(counting(60 * FRAME))
    assert session.of(FrameSeen)[-1].end_ms == 29 * 32  # 320 ms of silence would need the answer
    session.answer(asked(session)[0], Judged(0.1, "test"))
    assert session.of(FrameSeen)[-1].end_ms > 39 * 32
    assert session.of(server.SpeechStopped) == []


def test_speech_makes_the_question_pointless() -> None:
    session = driver([(0.9, 20), (0.0, 8), (0.9, 20)])
    session.feed(counting(40 * FRAME))
    (ask,) = asked(session)
    assert session.of(Cancel) == [Cancel(ask.ask_id)]
    session.answer(ask, Judged(1.0, "test"))
    assert session.of(server.SpeechStopped) == []


def test_an_answer_does_not_hold_for_the_next_silence() -> None:
    session = driver([(0.9, 20), (0.0, 11), (0.9, 5)])
    session.feed(counting(33 * FRAME))
    session.answer(asked(session)[0], Judged(0.6, "test"))
    session.feed(counting(60 * FRAME, 33 * FRAME))
    assert session.of(FrameSeen)[-1].judged is None
    assert asked(session)[-1].silence_ms == 224


def test_a_failed_judge_is_none() -> None:
    session = driver([(0.9, 20)])
    session.feed(counting(80 * FRAME))
    while session.of(server.SpeechStopped) == []:
        session.answer(asked(session)[-1], Failed("model_unavailable", "there is no judge"))
    (stopped,) = session.of(server.SpeechStopped)
    assert (stopped.reason or {})["judge"] == "none"
    assert stopped.at_ms == 20 * 32 + 1_184


def test_a_late_judge_is_not_waited_for() -> None:
    session = driver([(0.9, 20)])
    session.feed(counting(80 * FRAME))
    now = 5_000
    assert session.session.deadline == 0
    session.tick(now)
    assert session.session.deadline == now + LATE_MS
    session.tick(now + LATE_MS - 1)
    assert session.of(Dropped) == []
    while session.of(server.SpeechStopped) == []:
        now += LATE_MS
        session.tick(now)
    (stopped,) = session.of(server.SpeechStopped)
    assert (stopped.at_ms, (stopped.reason or {})["judge"]) == (20 * 32 + 1_184, "late")
    late = session.of(Dropped)
    assert late == [Dropped("late_judgements", 1)] * len(asked(session))
    assert [cancel.ask_id for cancel in session.of(Cancel)] == [ask.ask_id for ask in asked(session)]


def test_a_judge_that_hangs_holds_up_no_more_than_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "LONGEST_MANUAL_MS", 960)  # instead of ten minutes
    session = driver([(0.9, 20)])
    session.feed(counting(20 * FRAME))
    session.feed(counting((9 + 30) * FRAME, 20 * FRAME))  # up to 30 frames wait for the answer
    assert session.of(Dropped) == []
    session.feed(counting(FRAME, 59 * FRAME))
    assert session.of(Dropped)[0] == Dropped("late_judgements", 1)
    assert session.of(FrameSeen)[-1].end_ms > 49 * 32


@pytest.mark.parametrize("kind", ["commit", "clear"])
def test_what_the_client_does_is_not_held_up(kind: str) -> None:
    session = driver([(0.9, 20)])
    session.feed(counting(40 * FRAME))
    session.send(f"input_audio_buffer.{kind}")
    assert session.of(FrameSeen)[-1].end_ms == 40 * 32
    done = server.BufferCommitted if kind == "commit" else server.BufferCleared
    assert len(session.of(done)) == 1
    session.feed(counting(20 * FRAME, 40 * FRAME))
    assert len(session.of(FrameSeen)) == 60


@pytest.mark.parametrize("kind", ["commit", "clear"])
def test_what_the_client_takes_or_drops_is_not_asked_about_any_more(kind: str) -> None:
    session = driver([(0.9, 20)])
    session.feed(counting(27 * FRAME))
    (ask,) = asked(session)
    outputs = session.send(f"input_audio_buffer.{kind}")
    assert Cancel(ask.ask_id) in outputs
    assert session.of(Dropped) == [], "it was not late"
    assert session.answer(ask, Judged(1.0, "test")) == []


def test_switching_to_manual_ends_the_question() -> None:
    session = driver([(0.9, 20)])
    session.feed(counting(28 * FRAME))
    session.update(None)
    assert session.of(Cancel) == [Cancel(asked(session)[0].ask_id)]
    session.feed(counting(40 * FRAME, 28 * FRAME))
    assert len(session.of(FrameSeen)) == 68


def test_the_judge_is_asked_again_once_turns_are_detected_again() -> None:
    session = driver([(0.9, 20), (0.0, 20), (0.9, 20)])
    session.update(None)
    session.feed(counting(40 * FRAME))
    assert asked(session) == []
    session.update({"type": "semantic_vad"})
    session.feed(counting(30 * FRAME, 40 * FRAME))
    assert [ask.silence_ms for ask in asked(session)] == [224]


def opinion(pcm: bytes) -> Judged:
    """Some P that depends on all audio that was asked about."""
    return Judged(sum(pcm[::97]) % 1_000 / 999, "test")


def decided(session: Driver) -> list[Any]:
    found: list[Any] = []
    for output in session.outputs:
        match output:
            case server.SpeechStarted():
                found.append(("started", output.item_id, output.audio_start_ms, output.at_ms, output.reason))
            case server.SpeechStopped():
                found.append(("stopped", output.item_id, output.audio_end_ms, output.at_ms, output.reason))
            case server.BufferCommitted():
                found.append(("committed", output.item_id))
            case FrameSeen():
                found.append(output)
    return found


PATTERNS = st.lists(
    st.tuples(st.sampled_from([0.9, 0.9, 0.4]), st.integers(2, 12), st.sampled_from([3, 6, 7, 9, 10, 20, 60])),
    min_size=1,
    max_size=6,
)
EAGERNESS = st.sampled_from([SemanticVad(eagerness=e, create_response=False) for e in ("low", "medium", "high")])


@given(
    pattern=PATTERNS,
    rules=EAGERNESS,
    cuts=st.lists(st.integers(1, 4_000), min_size=1, max_size=40),
    delays=st.lists(st.integers(0, 9), min_size=1, max_size=10),
)
@settings(max_examples=40, deadline=None)
def test_neither_cutting_nor_delay_moves_a_turn(
    pattern: list[tuple[float, int, int]], rules: SemanticVad, cuts: list[int], delays: list[int]
) -> None:
    """Every answer some feeds late; at once; and asked on the spot by TurnDetector: the same turns."""
    shape = [part for p, loud, quiet in pattern for part in ((p, loud), (0.0, quiet))] + [(0.0, 60)]
    data = counting(sum(frames for _, frames in shape) * FRAME)
    prompt, slow = driver(shape, rules), driver(shape, rules)
    prompt.feed(data)
    _answer_all(prompt)

    done = turn = feeds = 0
    waiting: list[tuple[int, Judge]] = []
    seen = 0
    while done < len(data):
        size = cuts[turn % len(cuts)]
        slow.feed(data[done : done + size])
        done, turn, feeds = done + size, turn + 1, feeds + 1
        for ask in asked(slow)[seen:]:
            waiting.append((feeds + delays[seen % len(delays)], ask))
            seen += 1
        while waiting and waiting[0][0] <= feeds:
            _, ask = waiting.pop(0)
            slow.answer(ask, opinion(ask.pcm))
    _answer_all(slow)
    assert decided(slow) == decided(prompt)

    p = [value for value, frames in shape for _ in range(frames)]
    detector = TurnDetector(rules, vad=ScriptedDetector(p), judge=OnTheSpot())
    found = [(event.at_ms, event.reason) for event in detector.feed(data)]
    assert found == [each[3:5] for each in decided(prompt) if isinstance(each, tuple) and len(each) == 5]


def _answer_all(session: Driver) -> None:
    answered = 0
    while answered < len(asks := asked(session)):
        session.answer(asks[answered], opinion(asks[answered].pcm))  # dropped where the question is closed
        answered += 1


class OnTheSpot:
    name = "test"

    def judge(self, pcm: bytes, text: str) -> Judged:
        return opinion(pcm)


@given(pattern=PATTERNS, longest_ms=st.sampled_from([8_000, 4_000, 2_000]), data=st.data())
@settings(max_examples=50, deadline=None)
def test_judged_turns_agree_with_the_oracle(
    pattern: list[tuple[float, int, int]], longest_ms: int, data: st.DataObject
) -> None:
    shape = [part for p, loud, quiet in pattern for part in ((p, loud), (0.0, quiet))] + [(0.0, 70)]
    frames = [p for p, count in shape for _ in range(count)]
    judged = data.draw(st.lists(st.integers(0, 20).map(lambda n: n * 50), min_size=len(frames), max_size=len(frames)))
    eagerness: Any = {8_000: "low", 4_000: "medium", 2_000: "high"}[longest_ms]
    session = driver(shape, SemanticVad(eagerness=eagerness, create_response=False))
    answered = 0
    for frame in range(len(frames)):
        session.feed(counting(FRAME, frame * FRAME))
        for ask in asked(session)[answered:]:
            session.answer(ask, Judged(judged[frame] / 1000, "test"))
            answered += 1
    found = [(event.at_ms, event.item_id) for event in session.of(server.SpeechStopped)]
    rules = oracle.Rules(silence_ms=None, longest_ms=longest_ms, judged=tuple(judged))
    expected = oracle.turns([round(p * 1000) for p in frames], rules)
    assert found == [(turn.at_ms, f"item_{turn.item}") for turn in expected if turn.kind == "stopped"]
