"""Lanes below the chart: what each moment belonged to, and what other rules would have made of it.

`·` quiet  `▒` padding  `▇` speech  `▁▂▅` a silence that fills towards the end of the turn  `┃` the end  `▓` the tail
after the release  `├▀` the answer. Each has a glyph of its own: no colour is needed to read them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tui_assistant.lab.whatif import Turn
from tui_assistant.runtime.api import Phase
from tui_assistant.tui.drawing.columns import FULL, Column, Window
from tui_assistant.tui.drawing.runs import Line, Run, crop, joined, merge, width_of

GUTTER = 7  # cells left of the first column
LABEL = 5  # cells right of the last one
SPEECH = "▇"  # not whole: lanes that stand on each other stay apart
RAMP = "▁▂▃▄▅▆"
QUIET: Run = ("·", "faint")
COMMIT: Run = ("┃", "ink")
REPLY: Run = ("├", "bot")
TAIL: Run = ("▓", "voice")
DIFFERENT: Run = ("╳", "bold warn")
LANE: dict[Phase, Run] = {
    Phase.QUIET: QUIET,
    Phase.PADDING: ("▒", "pad"),
    Phase.SPEECH: (SPEECH, "voice"),
    Phase.WAITING: (RAMP[-1], "wait"),
    Phase.ANSWER: ("▀", "bot"),
}
LEGEND: tuple[tuple[Run, str], ...] = (
    (LANE[Phase.PADDING], "pre-roll"),
    (LANE[Phase.SPEECH], "speech"),
    (("▂▅", "wait"), "silence"),
    (COMMIT, "end"),
    (LANE[Phase.ANSWER], "answer"),
    (TAIL, "tail"),
)


def lane(cells: Sequence[Column | None], name: str = "turn") -> Line:
    """What each moment belonged to; a bar where a turn was committed."""
    runs: list[Run] = [(f"{name:<{GUTTER}}", "dim")]
    runs.extend(_glyph(cell) for cell in cells)
    return joined(runs)


def local_lane(cells: Sequence[Column | None]) -> Line:
    """What our own rules make of each moment, beside the server's decisions; empty where they were not asked."""
    runs: list[Run] = [(f"{'local':<{GUTTER}}", "dim")]
    for cell in cells:
        if cell is None or cell.local is None:
            runs.append((" ", "faint"))
        else:
            runs.append(COMMIT if cell.local_end else LANE[cell.local])
    return joined([*runs, (" est.", "dim")])


def _glyph(cell: Column | None) -> Run:
    if cell is None:
        return " ", "faint"
    if cell.commit:
        return COMMIT
    if cell.phase is Phase.WAITING:
        return RAMP[max(0, min(FULL, cell.fill) - 1)], "wait"
    if cell.phase is Phase.ANSWER and cell.reply:
        return REPLY
    return TAIL if cell.tail else LANE[cell.phase]


def turns_lane(
    turns: Iterable[Turn],
    window: Window,
    cells: Sequence[Column | None],
    *,
    name: str,
    value: str = "",
    marks: Iterable[int] = (),
) -> Line:
    """Turns as some rules make them; empty where no rules decided. `value` stands at the right; `marks`: moments."""
    glyphs: list[Run] = [QUIET if cell is not None and cell.decided else (" ", "faint") for cell in cells]
    count = len(glyphs)

    def fill(begin_ms: int, end_ms: int, glyph: Run) -> None:
        for at in range(max(0, window.cell(begin_ms + 1)), min(count, window.cell(end_ms) + 1)):
            glyphs[at] = glyph

    shown = [turn for turn in turns if _end(turn) > window.begin_ms and turn.audio_start_ms < window.end_ms]
    for turn in shown:  # where a column holds several things, what comes later says more
        fill(turn.audio_start_ms, turn.onset_ms, LANE[Phase.PADDING])
    for turn in shown:
        if turn.stopped_ms is not None:
            first, last = window.cell(turn.speech_end_ms + 1), window.cell(turn.stopped_ms)
            for at in range(max(0, first), min(count, last + 1)):
                glyphs[at] = (RAMP[(at - first) * (FULL - 1) // max(1, last - first)], "wait")
    for turn in shown:
        fill(turn.onset_ms, turn.speech_end_ms, LANE[Phase.SPEECH])
    for turn in shown:
        if turn.stopped_ms is not None:
            fill(turn.stopped_ms - 1, turn.stopped_ms, COMMIT)
    for mark in marks:
        fill(mark - 1, mark, DIFFERENT)
    runs: list[Run] = [(f"{name:<{GUTTER}}", "dim"), *glyphs]
    return joined([*runs, (f" {value[: LABEL - 1]}", "wait")] if value else runs)


def _end(turn: Turn) -> int:
    return turn.stopped_ms or turn.speech_end_ms


def turn_lane(turns: Sequence[Turn], begin_ms: int, end_ms: int, cells: int, *, name: str, indent: int) -> Line:
    """A stretch of any length, without padding: `cells` cells from `begin_ms` to `end_ms`; what lies in a cell's middle
    is what it shows, an end always."""
    runs: list[Run] = [(f"{name:<{indent}}", "dim")]
    each = max(1, end_ms - begin_ms) / max(1, cells)
    for cell in range(cells):
        left = begin_ms + cell * each
        runs.append(_moment(turns, left, left + each))
    return merge(runs)


def _moment(turns: Sequence[Turn], left: float, right: float) -> Run:
    middle = (left + right) / 2
    if any(turn.stopped_ms is not None and left <= turn.stopped_ms < right for turn in turns):
        return COMMIT
    for turn in turns:
        if turn.onset_ms <= middle < turn.speech_end_ms:
            return LANE[Phase.SPEECH]
        stopped = turn.stopped_ms if turn.stopped_ms is not None else right
        if turn.speech_end_ms <= middle < stopped:
            return RAMP[int((middle - turn.speech_end_ms) / (stopped - turn.speech_end_ms) * FULL)], "wait"
    return QUIET


def legend(width: int, *, different: bool = False) -> Line:
    """What the glyphs mean; as many of them as have room, the least known last."""
    entries = ((DIFFERENT, "differs"), *LEGEND) if different else LEGEND
    runs: list[Run] = [(" " * GUTTER, "dim")]
    for glyph, word in entries:
        more: list[Run] = [glyph, (f" {word}  ", "dim")]
        if width_of([*runs, *more]) > width + 2:
            break
        runs.extend(more)
    return merge(runs) if len(runs) > 1 else ()


def words_line(words: str, figures: str, width: int, *, name: str = "what-if", quiet: bool = False) -> Line:
    """The difference in words; `figures` behind them, whole or not at all. The name goes before the words are cut."""
    head: Run = (f"{name:<{GUTTER}} ", "dim")
    said: Run = (words, "dim" if quiet else "bold ink")
    ways: list[list[Run]] = [[head, said, (f"  {figures}", "dim")] if figures else [head, said], [head, said], [said]]
    return crop(merge(next((way for way in ways if width_of(way) <= width), ways[-1])), width)
