"""The scope below its meter, put together from chart, axis and lanes as there is room. A pure function of its view."""

from __future__ import annotations

from dataclasses import dataclass

from tui_assistant.tui.drawing.chart import axis, chart
from tui_assistant.tui.drawing.columns import Column, Window
from tui_assistant.tui.drawing.lanes import lane, legend, local_lane, turns_lane, words_line
from tui_assistant.tui.drawing.runs import EMPTY, Line, text_of
from tui_assistant.tui.whatif_view import Comparison

MOST_ROWS = 14  # of the chart
LEAST_ROWS = 3
FIXED_ROWS = 2  # axis and turn lane
ROOMY_ROWS = 16  # from here on the number of turns may have a line of its own
IDEAL_ROWS = 7  # chart rows that come before empty lines


@dataclass(frozen=True, slots=True)
class View:
    """All that the upper part of the scope depends on."""

    cells: tuple[Column | None, ...]
    window: Window
    limits: tuple[float, float] | None
    comparison: Comparison | None = None
    now: bool = True  # the newest column is at the right and grows
    cursor: int | None = None  # the column under the cursor, while paused
    figures: Line = EMPTY  # what is under it
    served: bool = False  # a server detects turns: our own estimate stands below them


def lanes(view: View) -> list[Line]:
    """Both what-if lanes; none while there is nothing to compare."""
    comparison = view.comparison
    if comparison is None or not comparison.ran:
        return []
    every = zip(
        comparison.names, comparison.values, (comparison.before, comparison.after), ((), comparison.marks), strict=True
    )
    return [
        turns_lane(turns, view.window, view.cells, name=name, value=value, marks=marks)
        for name, value, turns, marks in every
    ]


def words(comparison: Comparison | None, width: int, rows: int) -> list[Line]:
    """The difference in words; how many turns there are, on the same line or on one of their own, if there is one."""
    if comparison is None:
        return []
    line = words_line(comparison.words, comparison.figures, width, quiet=comparison.same)
    if rows < 2 or not comparison.figures or comparison.figures in text_of(line):
        return [line]
    return [line, words_line(comparison.figures, "", width, name="", quiet=True)]


def upper_part(view: View, width: int, height: int) -> list[Line]:
    """At most `height` lines: chart, axis, turn lane, what-if, what is under the cursor, and the legend."""
    local = [local_lane(view.cells)] if view.served else []
    below = [*local, *lanes(view), *words(view.comparison, width, 2 if height >= ROOMY_ROWS else 1)]
    if height - FIXED_ROWS - len(below) - 1 < LEAST_ROWS:  # the lanes go before the words do
        below = [*local, *words(view.comparison, width, 1)]
    if view.cursor is not None:
        below.append(view.figures)
    spare = height - FIXED_ROWS - len(below)
    rows = max(LEAST_ROWS, min(MOST_ROWS, spare))
    explained = spare > rows or rows > IDEAL_ROWS
    if explained and spare == rows:
        rows -= 1
    airy = spare - rows - explained >= 2
    lines = [
        *chart(view.cells, rows, view.limits, view.cursor),
        axis(view.window, now=view.now, cursor=view.cursor),
        *([EMPTY] if airy else []),
        lane(view.cells, "server") if view.served else lane(view.cells),
        *below,
    ]
    if explained:
        different = view.comparison is not None and bool(view.comparison.marks)
        lines += [*([EMPTY] if airy else []), legend(width, different=different)]
    return lines[: max(0, height)]
