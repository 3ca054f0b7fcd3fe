from __future__ import annotations

import pytest

from tui_assistant.runtime.api import Phase
from tui_assistant.tui.drawing.chart import axis, chart, row_of
from tui_assistant.tui.drawing.columns import ZOOMS_MS, Column, window_at
from tui_assistant.tui.drawing.lanes import GUTTER
from tui_assistant.tui.drawing.runs import text_of


def column(p: float, phase: Phase = Phase.QUIET, commit: bool = False) -> Column:
    return Column(round(p * 64), phase, commit)


def drawn(cells: list[Column | None], rows: int = 8, threshold: float | None = 0.5) -> list[str]:
    limits = None if threshold is None else (threshold, max(0.01, threshold - 0.15))
    return [text_of(line) for line in chart(cells, rows, limits)]


def test_a_column_is_as_high_as_its_p() -> None:
    rows = drawn([column(1.0), column(0.5), column(0.25)], threshold=None)
    heights = [sum(row[GUTTER + number] == "█" for row in rows) for number in range(3)]
    assert heights == [8, 4, 2]


def test_the_threshold_is_a_line_at_its_height_with_its_value() -> None:
    rows = drawn([None] * 10, threshold=0.75)
    marked = [number for number, row in enumerate(rows) if "╌" in row]
    assert marked == [8 - 1 - row_of(0.75, 8)]
    assert rows[marked[0]].endswith("╌ 0.75")


def test_the_release_line_is_faint_and_has_its_value() -> None:
    lines = chart([None] * 10, 20, (0.5, 0.2))
    release = next(number for number, line in enumerate(lines) if "··" in text_of(line))
    assert 20 - 1 - release == row_of(0.2, 20)
    assert [role for text, role in lines[release] if text.endswith("·" * 10)] == ["faint"]
    assert text_of(lines[release]).endswith(" 0.20")


def test_the_cursor_is_a_line_through_what_is_empty() -> None:
    rows = [text_of(line) for line in chart([None, column(0.5)], 4, (0.5, 0.35), cursor=0)]
    assert [row[GUTTER] for row in rows] == ["│"] * 4
    rows = [text_of(line) for line in chart([None, column(0.5)], 4, None, cursor=1)]
    assert [row[GUTTER + 1] for row in rows] == ["│", "│", "█", "█"]


def test_the_threshold_stays_visible_across_speech() -> None:
    row = chart([column(1.0)] * 4, 8, (0.5, 0.35))[8 - 1 - row_of(0.5, 8)]
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


def test_the_axis_has_seconds_of_the_clock_of_the_frames_and_now_at_the_right() -> None:
    text = text_of(axis(window_at(15_000, 200, 50)))
    assert len(text) == GUTTER + 50
    assert text.endswith("now")
    assert text.index("╵10 s") == GUTTER + 25
    assert "╵12 s" in text
    assert "╵11 s" not in text


@pytest.mark.parametrize("column_ms", ZOOMS_MS)
def test_labels_do_not_run_into_each_other(column_ms: int) -> None:
    for end_ms in range(100_000, 130_000, 3_700):
        line = axis(window_at(end_ms, column_ms, 50), now=False, cursor=20)
        text = text_of(line)
        assert len(text) == GUTTER + 50
        assert text[GUTTER + 20] == "▲"
        assert text[GUTTER:].replace("▲", " ").split("╵")[0].strip() == "", "a label is whole or not there"
        assert text.count("╵") <= 6


def test_nothing_stands_before_the_start() -> None:
    assert "-" not in text_of(axis(window_at(1_000, 200, 50)))
