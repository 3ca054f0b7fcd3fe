"""A recorded session that went by a judge, run again: what the judge said comes from the log, nobody is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from recording import sentence

from tui_assistant.engine.observation import Dropped
from tui_assistant.engine.outbox import Output
from tui_assistant.engine.ports import Answer, Ask, Judge, Judged, Partial, TranscribeAudio
from tui_assistant.errors import UsageError
from tui_assistant.host.replay import rerun
from tui_assistant.host.session import Session
from tui_assistant.host.session_host import SessionHost
from tui_assistant.protocol import client, server
from tui_assistant.protocol.session import Audio, AudioInput, PcmFormat, SessionConfig
from tui_assistant.record.folder import new_folder
from tui_assistant.record.format import Call
from tui_assistant.record.reader import read_input_log
from tui_assistant.record.writer import InputLogWriter

RATE = 16_000
BLOCK = RATE // 10 * 2  # bytes of 100 ms
DETECTION = {"type": "semantic_vad", "eagerness": "medium"}
SEMANTIC = {"type": "realtime", "audio": {"input": {"turn_detection": DETECTION}}}


def run_again(calls: Iterable[Call]) -> Iterator[Output]:
    return (output for _, outputs in rerun(calls) for output in outputs)


class Conversation:
    """Three sentences, each with 4 s of silence, paced by a clock of its own; `judge` gives P, or None: no answer."""

    def __init__(self, folder: Path, judge: list[float | None]) -> None:
        new_folder(folder)
        self._log = InputLogWriter(folder)
        self._judge = iter(judge)
        self._due: list[tuple[Any, Answer]] = []
        self._open: dict[str, Any] = {}
        self.outputs: list[Output] = []
        config = SessionConfig(instructions="x", audio=Audio(input=AudioInput(format=PcmFormat(rate=RATE))))
        session = Session(config, session_id="sess_9", judge=True, max_ms=600_000, expires_at=7)
        keep = self.outputs.append
        self._host = SessionHost(session, self._post, on_event=keep, on_observation=keep, log=self._log)

    def _post(self, ask: Ask, on_answer: Any = None) -> None:
        self.outputs.append(ask)
        if isinstance(ask, TranscribeAudio):
            if ask.ask_id in self._open:  # words once a stream
                self._due.append((self._open.pop(ask.ask_id), Partial("set a timer for", "five")))
        elif isinstance(ask, Judge):
            p = next(self._judge, None)
            if p is not None:
                self._due.append((on_answer, Judged(p, "tester")))
        else:
            self._open[ask.ask_id] = on_answer

    def run(self) -> list[Output]:
        self._host.begin()
        self._host.event(client.SessionUpdate(session=SEMANTIC))
        audio = sentence(RATE, 4.0) * 3
        for number, begin in enumerate(range(0, len(audio), BLOCK)):
            self._host.feed(audio[begin : begin + BLOCK])
            self._host.tick(number * 100)
            while self._due:
                answer_to, answer = self._due.pop(0)
                answer_to(answer)
        self._log.close()
        return self.outputs


P = [0.9, None, 0.2, 0.4, None, 0.7, 0.1, 0.1, 0.3, 0.95, None, 0.8]


@pytest.fixture
def recorded(tmp_path: Path) -> tuple[Path, list[Output]]:
    folder = tmp_path / "session"
    return folder, Conversation(folder, P * 3).run()


def stops(outputs: list[Output]) -> list[Any]:
    return [output.reason for output in outputs if isinstance(output, server.SpeechStopped)]


def test_the_same_comes_out_and_nobody_is_asked(recorded: tuple[Path, list[Output]]) -> None:
    folder, outputs = recorded
    assert list(run_again(read_input_log(folder))) == outputs
    judges = {reason["judge"] for reason in stops(outputs)}
    assert "tester" in judges
    assert any(isinstance(output, Dropped) for output in outputs), "an answer was late, and that is replayed too"
    created = next(output for output in outputs if isinstance(output, server.SessionCreated))
    assert (created.session.id, created.session.expires_at, created.session.instructions) == ("sess_9", 7, "x")


def test_another_judgement_in_the_log_is_another_turn(recorded: tuple[Path, list[Output]]) -> None:
    folder, outputs = recorded

    def hasty(call: Call) -> Call:
        answer = call.data.get("answer", {})
        return replace(call, data={**call.data, "answer": {**answer, "p": 0.99}}) if "p" in answer else call

    again = list(run_again(map(hasty, read_input_log(folder))))
    assert stops(again) != stops(outputs)
    assert stops(again)[0]["p"] == 0.99


def test_the_head_says_whether_a_judge_answers(recorded: tuple[Path, list[Output]]) -> None:
    """Without it the questions would not be asked again, and the answers would meet nobody."""
    folder, outputs = recorded
    first, *rest = read_input_log(folder)
    assert (first.call, first.data["judge"], first.data["vad"]) == ("begin", True, "silero")
    deaf = list(run_again([replace(first, data={**first.data, "judge": False}), *rest]))
    assert not any(isinstance(output, Judge) for output in deaf)
    assert stops(deaf) != stops(outputs)


@pytest.mark.parametrize("made_with", [{}, {"config": {}, "colour": 1}, {"config": {"nonsense": 1}}, {"config": 3}])
def test_a_log_without_its_head_is_one_clear_line(made_with: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="does not say how its session was made"):
        list(run_again([Call("begin", made_with)]))


def test_a_log_that_begins_in_the_middle_too() -> None:
    for calls in ([], [Call("tick", {"now_ms": 1})]):
        with pytest.raises(UsageError, match="another version"):
            list(run_again(calls))
