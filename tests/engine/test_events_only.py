"""An intake of which only the events are wanted, as TurnDetector has it, and the end of its input."""

from __future__ import annotations

from typing import Any

import pytest
from fakes import ASKS, ScriptedDetector, counting

from tui_assistant.engine.ids import Ids
from tui_assistant.engine.intake import Began, Intake, Utterance
from tui_assistant.engine.outbox import Outbox
from tui_assistant.engine.ports import Cancel, Judge, Judged
from tui_assistant.protocol import server
from tui_assistant.protocol.session import AudioInput, PcmFormat, PcmuFormat, SemanticVad, ServerVad

FRAME = 512


def intake(p: list[float], rules: Any = None, rate: int = 16_000, **options: Any) -> tuple[Intake, Outbox]:
    outbox = Outbox(ids := Ids())
    audio = AudioInput(format=PcmFormat(rate=rate), turn_detection=rules)
    return Intake(audio, ScriptedDetector(p), ids, outbox, events_only=True, **options), outbox


def events(outbox: Outbox) -> list[Any]:
    """What a TurnDetector hands on; it passes over the asks, and there is nothing else."""
    outputs = outbox.take()
    assert not [output for output in outputs if not isinstance(output, (server.ServerEventBase, *ASKS))]
    return [output for output in outputs if isinstance(output, server.ServerEventBase)]


def test_neither_observations_nor_audio() -> None:
    made, outbox = intake([0.9] * 10, ServerVad())
    began, utterance = made.feed(counting(40 * FRAME))
    assert began == Began(64)
    assert isinstance(utterance, Utterance)
    assert (utterance.pcm, utterance.start_ms, utterance.end_ms) == (b"", 0, 320 + 512)
    assert [type(output) for output in events(outbox)] == [server.SpeechStarted, server.SpeechStopped]
    assert len(made.buffer._data) == len(made._dictation._audio._data) == 0, "and nothing is held"


def test_an_open_turn_ends_with_the_input() -> None:
    made, outbox = intake([0.9] * 10, ServerVad())
    list(made.feed(counting(8 * FRAME + 100)))
    outbox.take()
    (utterance,) = made.flush()
    assert isinstance(utterance, Utterance)
    (stopped,) = events(outbox)
    assert isinstance(stopped, server.SpeechStopped)
    assert stopped.reason == utterance.reason == {"rule": "end_of_input"}
    assert stopped.at_ms == stopped.audio_end_ms == utterance.end_ms == (8 * FRAME + 100) // 16
    assert list(made.flush()) == [], "it is over"


@pytest.mark.parametrize("rules", [ServerVad(), None])
def test_without_a_turn_nothing_ends(rules: Any) -> None:
    made, outbox = intake([0.0], rules)
    list(made.feed(counting(4 * FRAME)))
    outbox.take()
    assert list(made.flush()) == []
    assert events(outbox) == []


def test_what_the_resampler_held_is_decided_first() -> None:
    made, outbox = intake([0.9] * 2, ServerVad(), rate=24_000)
    assert list(made.feed(counting(24 * 64))) == []
    assert [type(happened) for happened in made.flush()] == [Began, Utterance]
    started, stopped = events(outbox)
    assert isinstance(started, server.SpeechStarted)
    assert isinstance(stopped, server.SpeechStopped)
    assert (started.at_ms, stopped.at_ms) == (64, 64)


def test_a_judge_on_the_spot_hears_the_turn() -> None:
    heard: list[Judge] = []

    def judge(question: Judge) -> Judged:
        heard.append(question)
        return Judged(1.0, "spot")

    made, outbox = intake([0.9] * 10, SemanticVad(), judge=judge)
    list(made.feed(counting(40 * FRAME)))
    assert [(ask.pcm, ask.text, ask.silence_ms) for ask in heard] == [(counting(17 * FRAME), "", 224)]
    started, stopped = events(outbox)
    assert isinstance(started, server.SpeechStarted)
    assert isinstance(stopped, server.SpeechStopped)
    assert stopped.at_ms == 320 + 320, "the answer works 96 ms after the question"
    assert (stopped.reason or {})["judge"] == "spot"
    assert len(made._dictation._audio) < 32_000, "what is over is dropped"


def test_an_open_question_ends_with_the_input() -> None:
    made, outbox = intake([0.9] * 10, SemanticVad(), judge=True)
    list(made.feed(counting(17 * FRAME)))
    (question,) = (output for output in outbox.take() if isinstance(output, Judge))
    assert [type(happened) for happened in made.flush()] == [Utterance]
    assert Cancel(question.ask_id) in outbox.take()
    assert made.judged(question.ask_id, Judged(0.9, "late")) is None


def test_in_another_format_it_stays_what_it_is() -> None:
    def judge(question: Judge) -> Judged:
        return Judged(1.0, "spot")

    made, outbox = intake([0.9] * 10, SemanticVad(), judge=judge)
    other = made.with_format(AudioInput(format=PcmuFormat(), turn_detection=SemanticVad()))
    list(other.feed(bytes(8 * 1_000)))
    assert [type(output) for output in events(outbox)] == [server.SpeechStarted, server.SpeechStopped]
    assert other.buffer.rate == 8_000
