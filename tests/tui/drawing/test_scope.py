from __future__ import annotations

from dataclasses import replace

import pytest
from fake_talk import frames_until

from tui_assistant.lab.whatif import Turn
from tui_assistant.tui.drawing.columns import columns, window_at
from tui_assistant.tui.drawing.runs import Line, text_of, width_of
from tui_assistant.tui.drawing.scope import View, lanes, upper_part, words
from tui_assistant.tui.whatif_view import NO_CHANGE, Comparison

WINDOW = window_at(4_100, 200, 50)
PLAIN = View(columns(frames_until(4_100), WINDOW), WINDOW, (0.5, 0.35))
TURN = Turn(700, 1_000, 1_064, 3_800, None, {}, None)
COMPARED = replace(
    PLAIN,
    comparison=Comparison(
        "1 turn cut at 2.5 s", (TURN,), (TURN,), (2_500,), values=("500", "300"), heard_s=4, ran=True
    ),
)
FIGURES: Line = (("here    2.50 s", "ink"),)


@pytest.mark.parametrize("height", range(5, 45))
@pytest.mark.parametrize("view", [PLAIN, COMPARED, replace(COMPARED, cursor=9, figures=FIGURES)])
def test_everything_fits_and_the_turns_are_there(view: View, height: int) -> None:
    lines = upper_part(view, 62, height)
    assert len(lines) <= height
    assert all(width_of(line) <= 62 + 2 for line in lines)
    texts = [text_of(line) for line in lines]
    assert sum(text.startswith("turn") for text in texts) == 1
    if height >= 8 and view.comparison:
        assert any("1 turn cut at 2.5 s" in text for text in texts)
    if height >= 8 and view.cursor:
        assert any(text.startswith("here") for text in texts)
    if height >= 10 and view.comparison:
        assert [text[:6] for text in texts if text.startswith(("before", "after"))] == ["before", "after "]


def test_the_chart_has_the_room_first_and_the_legend_comes_next() -> None:
    small, large = upper_part(PLAIN, 62, 7), upper_part(PLAIN, 62, 20)
    assert not any("pre-roll" in text_of(line) for line in small)
    assert sum("pre-roll" in text_of(line) for line in large) == 1


def test_the_legend_says_what_marks_a_difference() -> None:
    assert any("differs" in text_of(line) for line in upper_part(COMPARED, 62, 20))


def test_only_words_where_nothing_is_compared() -> None:
    assert lanes(PLAIN) == []
    assert words(None, 62, 2) == []
    (line,) = words(Comparison(NO_CHANGE), 80, 2)
    assert NO_CHANGE in text_of(line)
    assert "bold ink" not in [role for _, role in line]


def test_the_number_of_turns_has_a_line_of_its_own_where_the_words_are_long() -> None:
    assert COMPARED.comparison is not None
    assert [text_of(line) for line in words(COMPARED.comparison, 62, 2)] == [
        "what-if 1 turn cut at 2.5 s  1 → 1 turns in 4 s"
    ]
    long = replace(COMPARED.comparison, words="12 turns joined at 8.9 and 19.8, ... s, answers 480 ms later")
    assert [text_of(line).strip() for line in words(long, 62, 2)] == [long.words, "1 → 1 turns in 4 s"]
    assert len(words(long, 62, 1)) == 1


@pytest.mark.parametrize("height", [8, 12, 20, 30])
def test_a_server_s_turns_stand_above_our_own_estimate(height: int) -> None:
    texts = [text_of(line) for line in upper_part(replace(PLAIN, served=True), 62, height)]
    assert len(texts) <= height
    (place,) = [number for number, text in enumerate(texts) if text.startswith("server")]
    assert texts[place + 1].startswith("local")
    assert texts[place + 1].endswith("est.")
    assert not any(text.startswith("turn") for text in texts)
