from __future__ import annotations

from tui_assistant.client.latency import Waterfall
from tui_assistant.client.turns import TurnRecord
from tui_assistant.runtime.api import Line, Speaker
from tui_assistant.tui.drawing.answers import ANSWERS_TYPED, FORGOTTEN, TYPED, UNKNOWN, turn_of

TIMES = Waterfall(512, 6, 2, 1, 40, "u2")


def you(key: str, *, typed: bool = False) -> Line:
    return Line(key, "", Speaker.YOU, key, typed=typed)


def bot(key: str, note: str = "") -> Line:
    return Line(key, "", Speaker.BOT, key, note=note)


def record(key: str, times: Waterfall | None = None) -> TurnRecord:
    return TurnRecord(key, 0, 64, waterfall=times)


def test_a_line_of_the_user_is_its_own_turn() -> None:
    line, found, why_not = turn_of("u1", [you("u1")], [record("u1")])
    assert line is not None
    assert (line.key, found, why_not) == ("u1", record("u1"), "")


def test_typed_and_forgotten_lines_have_no_turn() -> None:
    assert turn_of("u1", [you("u1", typed=True)], [])[1:] == (None, TYPED)
    assert turn_of("u1", [you("u1")], [])[1:] == (None, FORGOTTEN)
    assert turn_of("gone", [you("u1")], [])[1:] == (None, FORGOTTEN)


def test_an_answer_belongs_to_the_line_before_it() -> None:
    lines = [you("u1"), bot("b1"), you("u2"), bot("b2")]
    line, found, why_not = turn_of("b2", lines, [record("u1"), record("u2")])
    assert line is not None
    assert (line.key, found, why_not) == ("u2", record("u2"), "")
    assert turn_of("b2", lines, [])[2] == FORGOTTEN


def test_among_several_the_times_say_which() -> None:
    records = [record("u1"), record("u2", TIMES), record("u3")]
    lines = [you("u1"), you("u2"), you("u3"), bot("b", str(TIMES))]
    assert turn_of("b", lines, records)[1] == record("u2", TIMES)
    assert turn_of("b", [*lines[:3], bot("b", "interrupted")], records) == (None, None, UNKNOWN)


def test_who_speaks_by_himself_answers_nothing() -> None:
    assert turn_of("b2", [you("u1"), bot("b1"), bot("b2")], [record("u1")]) == (None, None, UNKNOWN)
    assert turn_of("b1", [you("u1", typed=True), bot("b1")], []) == (None, None, ANSWERS_TYPED)
