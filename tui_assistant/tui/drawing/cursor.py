"""What is under the cursor of the paused scope, in figures."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from tui_assistant.runtime.api import Phase, ScopeFrame
from tui_assistant.tui.drawing.columns import Window
from tui_assistant.tui.drawing.lanes import GUTTER
from tui_assistant.tui.drawing.meter import NO_SOUND_DBFS
from tui_assistant.tui.drawing.runs import Line, Run, crop, merge

ROLE = {Phase.QUIET: "dim", Phase.PADDING: "dim", Phase.SPEECH: "voice", Phase.WAITING: "wait", Phase.ANSWER: "bot"}
WORD = {
    Phase.QUIET: "quiet",
    Phase.PADDING: "pre-roll",
    Phase.SPEECH: "speech",
    Phase.WAITING: "silence",
    Phase.ANSWER: "answer",
}


def in_column(frames: Sequence[ScopeFrame], window: Window, at_ms: int) -> Sequence[ScopeFrame]:
    """The frames that the column of that moment shows."""
    index = (at_ms - 1) // window.column_ms
    begin = bisect_right(frames, index * window.column_ms, key=lambda frame: frame.at_ms)
    end = bisect_right(frames, (index + 1) * window.column_ms, key=lambda frame: frame.at_ms)
    return frames[begin:end]


def silence_ms(frames: Sequence[ScopeFrame], at_ms: int) -> int:
    """How long the silence in a turn had lasted by then."""
    end = bisect_left(frames, at_ms, key=lambda frame: frame.at_ms)
    begin = end
    while begin >= 0 and begin < len(frames) and frames[begin].phase is Phase.WAITING:
        begin -= 1
    return frames[end].at_ms - frames[begin].at_ms if 0 <= begin < end < len(frames) else 0


def figures(frames: Sequence[ScopeFrame], window: Window, at_ms: int, width: int) -> Line:
    """`12.42 s  p 0.94  -23 dBFS  speech`: of the column's frame with the highest p, which is the one that is drawn."""
    here = in_column(frames, window, at_ms)
    name: Run = (f"{'here':<{GUTTER}}", "dim")
    if not here:
        kept = not frames or at_ms >= frames[0].at_ms
        words = "nothing was heard here" if kept else "nothing is kept after two minutes"
        return crop((name, (f" {at_ms / 1000:.2f} s  {words}", "dim")), width)
    frame = max(here, key=lambda each: each.p)
    level = round(frame.rms_dbfs) if frame.rms_dbfs > NO_SOUND_DBFS else "-∞"
    runs: list[Run] = [
        name,
        (f" {frame.at_ms / 1000:.2f} s", "bold ink"),
        (f"  p {frame.p:.2f}  {level:>3} dBFS  ", "ink"),
        (WORD[frame.phase], ROLE[frame.phase]),
    ]
    if frame.phase is Phase.WAITING:
        runs.append((f" {silence_ms(frames, frame.at_ms)} ms", "ink"))
    judged = next((each.judged for each in here if each.judged is not None), None)
    if judged is not None:
        runs.append((f"  P(end) {judged:.2f}", "ink"))
    if any(each.commit for each in here):
        runs.append(("  turn ends", "ink"))
    if not frame.decided:
        runs.append(("  estimate", "dim"))
    return crop(merge(runs), width)
