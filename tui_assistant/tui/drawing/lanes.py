"""The lane of turns that a what-if gives: the same glyphs as the scope's, over any stretch of time."""

from __future__ import annotations

from collections.abc import Sequence

from tui_assistant.lab.whatif import Turn
from tui_assistant.runtime.api import Phase
from tui_assistant.tui.drawing.chart import LANE
from tui_assistant.tui.drawing.runs import Line, Run, merge


def turn_lane(turns: Sequence[Turn], begin_ms: int, end_ms: int, cells: int, *, name: str, indent: int) -> Line:
    """`cells` cells from `begin_ms` to `end_ms`; what lies in a cell's middle is what it shows, an end always."""
    runs: list[Run] = [(f"{name:<{indent}}", "dim")]
    each = max(1, end_ms - begin_ms) / max(1, cells)
    for cell in range(cells):
        left = begin_ms + cell * each
        runs.append(_glyph(turns, left, left + each))
    return merge(runs)


def _glyph(turns: Sequence[Turn], left: float, right: float) -> Run:
    middle = (left + right) / 2
    if any(turn.stopped_ms is not None and left <= turn.stopped_ms < right for turn in turns):
        return "┃", "ink"
    for turn in turns:
        if turn.onset_ms <= middle < turn.speech_end_ms:
            return LANE[Phase.SPEECH]
        if turn.speech_end_ms <= middle < (turn.stopped_ms if turn.stopped_ms is not None else right):
            return LANE[Phase.WAITING]
    return LANE[Phase.QUIET]
