"""Questions to the judge, one at a time."""

from __future__ import annotations

import pytest

from tui_assistant.engine.ids import Ids
from tui_assistant.engine.judging import LATE, LATE_MS, Judging
from tui_assistant.engine.observation import Dropped
from tui_assistant.engine.outbox import Outbox
from tui_assistant.engine.ports import Cancel, Judge, Judged, Spoken
from tui_assistant.errors import LocalProtocolError


def asked() -> tuple[Judging, Outbox]:
    """One question is open and has gone out."""
    outbox = Outbox(ids := Ids())
    judging = Judging(ids, outbox)
    assert judging.ask(b"\1\0", "so far", 224) is None
    assert outbox.take() == [Judge("ask_1", b"\1\0", "so far", 224)]
    return judging, outbox


def test_a_judge_on_the_spot_is_given_the_question_itself() -> None:
    heard: list[Judge] = []

    def judge(question: Judge) -> Judged:
        heard.append(question)
        return Judged(0.7, "here")

    outbox = Outbox(Ids())
    judging = Judging(Ids(), outbox, judge)
    assert judging.ask(b"\1\0", "so far", 224) == Judged(0.7, "here")
    assert heard == [Judge("ask_1", b"\1\0", "so far", 224)]
    assert (judging.ask_id, outbox.take()) == (None, []), "nothing is open"


def test_an_answer_closes_the_question() -> None:
    judging, outbox = asked()
    assert judging.answered(Judged(0.7, "there")) == Judged(0.7, "there")
    assert (judging.ask_id, judging.deadline, judging.overdue(0)) == (None, None, False)
    judging.cancel()
    assert outbox.take() == [], "there is nothing to cancel"


def test_who_answers_something_else_is_named() -> None:
    judging, _ = asked()
    with pytest.raises(LocalProtocolError, match=r"^a judge cannot answer Spoken$"):
        judging.answered(Spoken())


def test_it_is_overdue_400_ms_after_the_first_tick_that_saw_it() -> None:
    judging, outbox = asked()
    assert judging.deadline == 0, "as soon as possible"
    assert not judging.overdue(5_000)
    assert judging.deadline == 5_000 + LATE_MS == 5_400
    assert not judging.overdue(5_399)
    assert judging.overdue(5_400)
    assert judging.give_up() == LATE == Judged(0.5, "late")
    assert outbox.take() == [Cancel("ask_1"), Dropped("late_judgements", 1)]
    assert not judging.overdue(9_999)


def test_the_next_question_has_its_own_time() -> None:
    judging, _ = asked()
    judging.overdue(5_000)
    judging.cancel()
    judging.ask(b"", "", 384)
    assert judging.deadline == 0
    assert not judging.overdue(5_400)
    assert judging.deadline == 5_800
