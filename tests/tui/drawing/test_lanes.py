from __future__ import annotations

import pytest

from tui_assistant.lab.whatif import Turn
from tui_assistant.runtime.api import Phase
from tui_assistant.tui.drawing.columns import FULL, Column, window_at
from tui_assistant.tui.drawing.lanes import GUTTER, LABEL, LANE, RAMP, lane, legend, local_lane, turns_lane, words_line
from tui_assistant.tui.drawing.runs import text_of, width_of

WINDOW = window_at(3_000, 100, 30)
HEARD = [Column(0, Phase.QUIET)] * 30


def turn(onset_ms: int, speech_end_ms: int, stopped_ms: int | None, padding_ms: int = 300) -> Turn:
    return Turn(onset_ms - padding_ms, onset_ms, onset_ms + 64, speech_end_ms, stopped_ms, {}, None)


def glyphs(*turns: Turn, marks: tuple[int, ...] = (), cells: list[Column] | None = None) -> str:
    return text_of(turns_lane(turns, WINDOW, cells or HEARD, name="after", marks=marks))[GUTTER:]


def test_each_phase_has_its_own_glyph() -> None:
    cells = [Column(0, phase, fill=FULL * (phase is Phase.WAITING)) for phase in Phase]
    special = [Column(0, Phase.QUIET, commit=True), Column(0, Phase.SPEECH, tail=True), None]
    text = text_of(lane([*cells, *special]))[GUTTER:]
    assert text == "·▒▇▆▀┃▓ "
    assert len(set(text)) == len(text)


def test_a_silence_rises_towards_the_end() -> None:
    cells = [Column(0, Phase.WAITING, fill=fill) for fill in range(1, FULL + 1)]
    assert text_of(lane(cells))[GUTTER:] == RAMP


def test_the_answer_begins_with_a_mark() -> None:
    cells = [Column(0, Phase.ANSWER, reply=True), Column(0, Phase.ANSWER)]
    assert text_of(lane(cells))[GUTTER:] == "├▀"


def test_a_turn_is_padding_speech_silence_and_an_end() -> None:
    assert glyphs(turn(500, 1_000, 1_500)) == "··▒▒▒▇▇▇▇▇▁▂▃▄┃···············"


def test_an_open_turn_has_no_end() -> None:
    assert glyphs(turn(500, 3_000, None)) == "··▒▒▒" + "▇" * 25


def test_the_end_is_seen_also_where_the_next_turn_begins_at_once() -> None:
    assert glyphs(turn(300, 1_000, 1_500), turn(1_600, 2_000, 2_300, 100)).count("┃") == 2


def test_where_nothing_was_decided_the_lane_is_empty() -> None:
    cells = [*HEARD[:10], *[Column(0, Phase.SPEECH, decided=False)] * 20]
    assert glyphs(cells=cells) == "·" * 10 + " " * 20


@pytest.mark.parametrize("onset", [-5_000, -200, 2_900, 9_000])
def test_turns_outside_of_the_view_are_cut(onset: int) -> None:
    assert len(glyphs(turn(onset, onset + 600, onset + 1_000))) == 30


def test_a_difference_is_marked_and_the_value_stands_at_the_right() -> None:
    assert glyphs(turn(500, 1_000, 1_500), marks=(1_500,))[14] == "╳"
    text = text_of(turns_lane((), WINDOW, HEARD, name="before", value="500"))
    assert text.startswith("before ")
    assert text.endswith("· 500")
    assert len(text) <= GUTTER + 30 + LABEL


def test_the_legend_has_what_fits() -> None:
    full = text_of(legend(80))
    assert all(glyph in full for glyph, _ in LANE.values() if glyph not in "·▆")
    assert "tail" in full
    assert "pre-roll" in text_of(legend(30))
    assert "answer" not in text_of(legend(30))
    assert legend(8) == ()
    assert "differs" in text_of(legend(62, different=True))
    assert all(width_of(legend(width)) <= width + 2 for width in range(10, 90))


def test_the_figures_stand_behind_the_words_or_not_at_all() -> None:
    words = "2 turns cut at 12.4 and 14.0 s, answers 192 ms sooner"
    assert text_of(words_line(words, "5 → 7 turns in 60 s", 90)).endswith("in 60 s")
    assert text_of(words_line(words, "5 → 7 turns in 60 s", 62)) == f"what-if {words}"
    assert text_of(words_line(words, "", 58)) == words, "the name goes before the words are cut"
    assert text_of(words_line(words, "", 30)).endswith("…")


def test_what_our_own_rules_make_of_it_is_named_an_estimate() -> None:
    local = (None, Phase.QUIET, Phase.SPEECH, Phase.WAITING)
    cells = [
        None,
        *(Column(0, Phase.QUIET, local=each) for each in local),
        Column(0, Phase.QUIET, local=Phase.WAITING, local_end=True),
    ]
    assert text_of(local_lane(cells)) == "local    ·▇▆┃ est."
