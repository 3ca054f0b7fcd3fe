"""p(speech) over the last seconds as block columns, with the threshold across at its height; the turn lane below."""

from __future__ import annotations

from collections.abc import Sequence

from tui_assistant.runtime.api import Phase
from tui_assistant.tui.drawing.columns import Column
from tui_assistant.tui.drawing.runs import Line, Run, merge

BLOCKS = " ▁▂▃▄▅▆▇█"
GUTTER = 7  # cells left of the first column: "p 1.0 ┤"
LABEL = 5  # cells right of the last column: " 0.50"
HYSTERESIS = 0.15  # speech goes on while p >= threshold - 0.15 ...
LEAST_RELEASE = 0.01  # ... but not under 0.01 (DESIGN section 5)

LANE = {
    Phase.QUIET: ("·", "faint"),
    Phase.PADDING: ("▒", "pad"),
    Phase.SPEECH: ("█", "voice"),
    Phase.WAITING: ("░", "wait"),
    Phase.ANSWER: ("▄", "bot"),
}


def row_of(p: float, rows: int) -> int:
    """In which row, counted from 0 at the bottom, that probability lies."""
    return min(rows - 1, max(0, int(p * rows)))


def chart(cells: Sequence[Column | None], rows: int, threshold: float | None) -> list[Line]:
    """`rows` lines from the top. `threshold` None: nothing is decided by it (push-to-talk), so no line is drawn."""
    release = None if threshold is None else max(LEAST_RELEASE, threshold - HYSTERESIS)
    at = -1 if threshold is None else row_of(threshold, rows)
    release_at = -1 if release is None else row_of(release, rows)
    labels = {rows - 1: "1.0", row_of(0.5, rows): "0.5", 0: "0.0"}
    speaking = 64 * (release if release is not None else 0.35)
    lines: list[Line] = []
    for row in range(rows - 1, -1, -1):
        label = labels.get(row, "")
        runs: list[Run] = [(f"{'p' if row == rows - 1 else ' '} {label:<3} ", "dim"), ("┤" if label else "│", "faint")]
        runs.extend(_cell(cell, row, rows, at, release_at, speaking) for cell in cells)
        if row == at and threshold is not None:
            runs.append((f" {threshold:.2f}", "wait"))
        lines.append(merge(runs))
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


def axis(count: int) -> Line:
    """`-5 s     -4 ... now` under the columns."""
    text = [" "] * count
    for seconds in range(count // 10, 0, -1):
        label = f"-{seconds} s" if seconds == count // 10 else f"-{seconds}"
        at = count - seconds * 10
        if at + len(label) <= count - 5:
            text[at : at + len(label)] = label
    if count >= 3:
        text[count - 3 :] = "now"
    return ((" " * GUTTER + "".join(text), "dim"),)


def lane(cells: Sequence[Column | None], name: str = "turn") -> Line:
    """What each moment belonged to: quiet, padding, speech, waiting, the answer; a bar where a turn was committed."""
    runs: list[Run] = [(f"{name:<{GUTTER}}", "dim")]
    for cell in cells:
        if cell is None:
            runs.append((" ", "faint"))
        elif cell.commit:
            runs.append(("┃", "ink"))
        else:
            runs.append(LANE[cell.phase])
    return merge(runs)


def legend(width: int) -> Line:
    """What the glyphs of the lane mean, where there is room."""
    runs: list[Run] = [(" " * GUTTER, "dim")]
    for phase, word in (
        (Phase.PADDING, "padding"),
        (Phase.SPEECH, "speech"),
        (Phase.WAITING, "silence"),
        (None, "end"),
        (Phase.ANSWER, "answer"),
    ):
        glyph, role = ("┃", "ink") if phase is None else LANE[phase]
        runs.extend([(glyph, role), (f" {word}  ", "dim")])
    line = merge(runs)
    return line if sum(len(text) for text, _ in line) <= width + 2 else ()
