"""The engine's turn detection without a conversation behind it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fakes import FRAME_BYTES, RATE, ScriptedDetector

from tui_assistant.engine.observation import FrameSeen
from tui_assistant.engine.ports import Answer, Ask, Judge, Judged
from tui_assistant.errors import RemoteProtocolError
from tui_assistant.host.turns import Step, Turned, Turns
from tui_assistant.protocol import server

SPOKEN = [0.0] * 20 + [0.9] * 20


def rules(**values: object) -> dict[str, object]:
    return {"type": "realtime", "audio": {"input": {"turn_detection": values or None}}}


def test_a_turn_comes_with_its_audio_and_where_its_speech_ended() -> None:
    steps: list[Step] = []
    turns = Turns(RATE, detector=ScriptedDetector(SPOKEN), on_step=steps.append)
    turns.feed(bytes(60 * FRAME_BYTES))
    told = [step for step in steps if not isinstance(step, FrameSeen)]
    assert [type(step) for step in told] == [server.SpeechStarted, server.SpeechStopped, Turned]
    turned = told[-1]
    assert isinstance(turned, Turned)
    assert (turned.speech_end_ms, turned.end) == (40 * 32, 56 * 32 * RATE // 1000)
    assert len(turned.utterance.pcm) == (56 * 32 - (20 * 32 - 300)) * RATE // 1000 * 2
    assert len([step for step in steps if isinstance(step, FrameSeen)]) == 60
    assert turns.item_id is None


def test_rules_that_are_refused_change_nothing_and_null_leaves_it_to_the_client() -> None:
    steps: list[Step] = []
    turns = Turns(RATE, detector=ScriptedDetector(SPOKEN), on_step=steps.append)
    with pytest.raises(RemoteProtocolError):
        turns.update(rules(type="server_vad", threshold=7))
    assert turns.rules is not None
    turns.update({"type": "realtime"})
    turns.update(rules())
    assert turns.rules is None
    turns.feed(bytes(10 * FRAME_BYTES))
    turns.commit()
    assert isinstance(steps[-1], Turned)
    assert len(steps[-1].utterance.pcm) == 10 * FRAME_BYTES
    with pytest.raises(RemoteProtocolError, match="buffer too small"):
        turns.commit()


def test_a_judge_is_asked_and_its_answer_ends_the_turn() -> None:
    steps: list[Step] = []

    def sure(ask: Ask, on_answer: Callable[[Answer], None] | None = None) -> None:
        if isinstance(ask, Judge) and on_answer is not None:
            on_answer(Judged(1.0, "sure"))

    turns = Turns(RATE, detector=ScriptedDetector(SPOKEN), post=sure, on_step=steps.append)
    turns.update(rules(type="semantic_vad"))
    for _ in range(60):
        turns.feed(bytes(FRAME_BYTES))
    (stopped,) = [step for step in steps if isinstance(step, server.SpeechStopped)]
    assert stopped.reason is not None
    assert stopped.reason["rule"] == "judge"


def test_whoever_hears_of_a_step_may_call_back() -> None:
    steps: list[Step] = []

    def clear(step: Step) -> None:
        steps.append(step)
        if isinstance(step, server.SpeechStarted):
            turns.clear()

    turns = Turns(RATE, detector=ScriptedDetector(SPOKEN), on_step=clear)
    for _ in range(30):
        turns.feed(bytes(FRAME_BYTES))
    assert [step for step in steps if isinstance(step, Turned)] == []
    assert len([step for step in steps if isinstance(step, server.SpeechStarted)]) > 1
