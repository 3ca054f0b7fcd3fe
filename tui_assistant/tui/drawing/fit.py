"""What a fit proposes, as lines: values, what they mend and break, both lanes."""

from __future__ import annotations

from tui_assistant.client.tuning import Tuning
from tui_assistant.lab.fit import Fit, NoFit
from tui_assistant.tui.drawing.lanes import turn_lane
from tui_assistant.tui.drawing.runs import EMPTY, Line, merge, wrap

INDENT = 8
AROUND_MS = 1_500  # shown before the first and behind the last change
MOST_MS = 30_000  # more would make a turn too small to see


def fit_lines(found: Fit | NoFit | None, tuning: Tuning, width: int) -> list[Line]:
    """None: it is still being looked for. `tuning`: the values in force."""
    if found is None:
        return [((" Looking for values that would have made fewer errors ...", "ink"),)]
    if isinstance(found, NoFit):
        return [merge([(" ", "dim"), *row]) for row in wrap([(found.words, "ink")], max(10, width - 2))]
    lines: list[Line] = []
    for name, value in found.changed.items():
        before = getattr(tuning, name)
        lines.append(
            merge([(f" {name:<22}", "ink"), (f"{before!s:>8}", "dim"), ("  →  ", "dim"), (str(value), "bold voice")])
        )
    lines.append(EMPTY)
    for reason in found.reasons:
        mark = "!" if reason.startswith(("breaks a", "does not")) else "·"
        rows = wrap([(reason, "ink")], max(10, width - 4))
        lines += [
            merge([(f" {mark} " if row == 0 else "   ", "bold wait" if mark == "!" else "dim"), *runs])
            for row, runs in enumerate(rows)
        ]
    begin, end = _stretch(found)
    cells = max(10, min(90, width - INDENT - 2))
    lines += [
        EMPTY,
        merge([(" ", "dim"), *turn_lane(found.before, begin, end, cells, name="now", indent=INDENT)]),
        merge([(" ", "dim"), *turn_lane(found.after, begin, end, cells, name="then", indent=INDENT)]),
        ((f" {'':<{INDENT}}{begin / 1000:.1f} s to {end / 1000:.1f} s", "dim"),),
    ]
    return lines


def _stretch(found: Fit) -> tuple[int, int]:
    """The time around the marks, with the turns there to their ends; at most MOST_MS."""
    marks = [*found.mended, *found.unmended]
    begin = max(0, min(mark.onset_ms for mark in marks) - AROUND_MS)
    end = max(mark.stopped_ms for mark in marks) + AROUND_MS
    near = [turn for turn in (*found.before, *found.after) if begin < turn.onset_ms < end]
    ends = [turn.stopped_ms or turn.speech_end_ms for turn in near]
    return begin, min(begin + MOST_MS, max([end, *ends]) + AROUND_MS // 3)
