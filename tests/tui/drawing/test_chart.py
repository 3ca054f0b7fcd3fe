from __future__ import annotations

import pytest

from tui_assistant.runtime.api import Phase
from tui_assistant.tui.drawing.chart import GUTTER, axis, chart, lane, legend, row_of
from tui_assistant.tui.drawing.columns import Column
from tui_assistant.tui.drawing.runs import text_of, width_of


def column(p: float, phase: Phase = Phase.QUIET, commit: bool = False) -> Column:
    return Column(round(p * 64), phase, commit)


def drawn(cells: list[Column | None], rows: int = 8, threshold: float | None = 0.5) -> list[str]:
    return [text_of(line) for line in chart(cells, rows, threshold)]


def test_a_column_is_as_high_as_its_p() -> None:
    rows = drawn([column(1.0), column(0.5), column(0.25)], threshold=None)
    heights = [sum(row[GUTTER + number] == "█" for row in rows) for number in range(3)]
    assert heights == [8, 4, 2]


def test_the_threshold_is_a_line_at_its_height_with_its_value() -> None:
    rows = drawn([None] * 10, threshold=0.75)
    marked = [number for number, row in enumerate(rows) if "╌" in row]
    assert marked == [8 - 1 - row_of(0.75, 8)]
    assert rows[marked[0]].endswith("╌ 0.75")


def test_the_release_line_is_faint_and_015_lower() -> None:
    lines = chart([None] * 10, 20, 0.5)
    release = next(number for number, line in enumerate(lines) if "··" in text_of(line))
    assert 20 - 1 - release == row_of(0.35, 20)
    assert [role for text, role in lines[release] if text.endswith("·" * 10)] == ["faint"]


def test_the_threshold_stays_visible_across_speech() -> None:
    row = chart([column(1.0)] * 4, 8, 0.5)[8 - 1 - row_of(0.5, 8)]
    assert ("╌" * 4, "cut voice") in row


def test_without_turn_detection_there_is_no_threshold() -> None:
    assert not any("╌" in row for row in drawn([None] * 10, threshold=None))


def test_silence_is_a_thin_line_and_no_frames_are_nothing() -> None:
    bottom = drawn([column(0.0), None], threshold=None)[-1]
    assert bottom[GUTTER:] == "▁ "


@pytest.mark.parametrize("threshold", [0.05, 0.5, 0.95, 1.0])
@pytest.mark.parametrize("rows", [3, 7, 12])
def test_every_threshold_is_within_the_chart(threshold: float, rows: int) -> None:
    assert sum(f"{threshold:.2f}" in row for row in drawn([None] * 5, rows, threshold)) == 1


def test_the_axis_says_now_at_the_right_and_a_second_is_ten_columns() -> None:
    text = text_of(axis(50))
    assert len(text) == GUTTER + 50
    assert text.endswith("now")
    assert text[GUTTER:].startswith("-5 s")
    assert text.index("-2") == GUTTER + 30


def test_each_phase_has_its_own_glyph() -> None:
    cells = [column(0, phase) for phase in Phase]
    assert text_of(lane([*cells, column(0, commit=True), None]))[GUTTER:] == "·▒█░▄┃ "


def test_the_legend_is_there_where_it_fits() -> None:
    assert "answer" in text_of(legend(62))
    assert legend(30) == ()
    assert width_of(legend(62)) <= 62 + 2
