"""p(speech) over the last seconds as block columns, with both thresholds across at their heights, and the time axis."""

from __future__ import annotations

from collections.abc import Sequence

from tui_assistant.tui.drawing.columns import Column, Window
from tui_assistant.tui.drawing.lanes import GUTTER
from tui_assistant.tui.drawing.runs import Line, Run, joined, merge

BLOCKS = " ▁▂▃▄▅▆▇█"
NO_RELEASE = 0.35  # where nothing decides: from here on it is drawn as speech
STEPS_S = (1, 2, 5, 10, 20, 30, 60)  # between the labels of the axis ...
LEAST_GAP = 9  # ... which are at least so many cells apart


def row_of(p: float, rows: int) -> int:
    """In which row, counted from 0 at the bottom, that probability lies."""
    return min(rows - 1, max(0, int(p * rows)))


def chart(
    cells: Sequence[Column | None], rows: int, limits: tuple[float, float] | None, cursor: int | None = None
) -> list[Line]:
    """`rows` lines from the top. `limits`: p from which speech begins, and down to which it goes on; None: nothing is
    decided by them (push-to-talk), so no line is drawn. `cursor`: a column that is marked from top to bottom.
    """
    threshold, release = limits or (None, None)
    at = -1 if threshold is None else row_of(threshold, rows)
    release_at = -1 if release is None else row_of(release, rows)
    labels = {rows - 1: "1.0", row_of(0.5, rows): "0.5", 0: "0.0"}
    speaking = 64 * (NO_RELEASE if release is None else release)
    lines: list[Line] = []
    for row in range(rows - 1, -1, -1):
        label = labels.get(row, "")
        runs: list[Run] = [(f"{'p' if row == rows - 1 else ' '} {label:<3} ", "dim"), ("┤" if label else "│", "faint")]
        drawn = [_cell(cell, row, rows, at, release_at, speaking) for cell in cells]
        if cursor is not None and 0 <= cursor < len(drawn):
            glyph = drawn[cursor][0]
            drawn[cursor] = ("│" if glyph in " ·╌" else glyph, "ink")
        runs.extend(drawn)
        if row == at and threshold is not None:
            runs.append((f" {threshold:.2f}", "wait"))
        elif row == release_at and release is not None:
            runs.append((f" {release:.2f}", "dim"))
        lines.append(joined(runs))
    return lines


def _cell(cell: Column | None, row: int, rows: int, at: int, release_at: int, speaking: float) -> Run:
    eighths = 0 if cell is None else cell.p64 * rows // 8 - row * 8
    if cell is not None and row == 0 and eighths < 1:
        eighths = 1  # a frame without speech is a thin line: the detector is alive
    if cell is not None and eighths > 0:
        role = "voice" if cell.p64 >= speaking else "pad"
        if row == at and eighths >= 8:
            return "╌", f"cut {role}"
        return BLOCKS[min(8, eighths)], role
    if row == at:
        return "╌", "wait"
    if row == release_at:
        return "·", "faint"
    return " ", "faint"


def axis(window: Window, *, now: bool = True, cursor: int | None = None) -> Line:
    """`╵12 s    ╵13 s ... now`: seconds on the clock of the frames, which the words about turns use, too."""
    count = window.count
    text = [" "] * count
    step = next((step for step in STEPS_S if step * 1000 >= LEAST_GAP * window.column_ms), STEPS_S[-1])
    room = count - 4 if now else count
    for second in range(max(0, -(-window.begin_ms // (step * 1000))) * step, window.end_ms // 1000 + 1, step):
        label, at = f"╵{second} s", window.cell(second * 1000 + 1)
        under = cursor is not None and at <= cursor < at + len(label)
        if at >= 0 and at + len(label) <= room and not under:
            text[at : at + len(label)] = label
    if now and count >= 3:
        text[count - 3 :] = "now"
    runs: list[Run] = [(" " * GUTTER, "dim")]
    if cursor is None or not 0 <= cursor < count:
        return merge([*runs, ("".join(text), "dim")])
    return merge([*runs, ("".join(text[:cursor]), "dim"), ("▲", "bold ink"), ("".join(text[cursor + 1 :]), "dim")])
