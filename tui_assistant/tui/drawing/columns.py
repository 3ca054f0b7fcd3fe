"""From detector frames to columns of the scope: one column per 100 ms, the newest at the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui_assistant.runtime.api import Phase, ScopeFrame

COLUMN_MS = 100  # three frames; ten columns are a second, as the axis says

# When a column holds frames of several phases, the one that says most wins.
_WEIGHT = {Phase.QUIET: 0, Phase.PADDING: 1, Phase.ANSWER: 2, Phase.WAITING: 3, Phase.SPEECH: 4}


@dataclass(frozen=True, slots=True)
class Column:
    """`p` is the highest of the column's frames, in 1/64 (fine enough for 8 rows of 8 steps, coarse enough to rest)."""

    p64: int
    phase: Phase
    commit: bool = False


def columns(frames: Sequence[ScopeFrame], count: int) -> tuple[Column | None, ...]:
    """The last `count` columns, oldest first; None where there is no frame (before the start, or a gap)."""
    if not frames or count <= 0:
        return (None,) * max(0, count)
    last = (frames[-1].at_ms - 1) // COLUMN_MS
    result: list[Column | None] = [None] * count
    for frame in reversed(frames):
        index = count - 1 - (last - (frame.at_ms - 1) // COLUMN_MS)
        if index < 0:
            break
        if index >= count:
            continue
        p64 = round(min(1.0, max(0.0, frame.p)) * 64)
        known = result[index]
        if known is None:
            result[index] = Column(p64, frame.phase, frame.commit)
            continue
        phase = frame.phase if _WEIGHT[frame.phase] > _WEIGHT[known.phase] else known.phase
        result[index] = Column(max(p64, known.p64), phase, known.commit or frame.commit)
    return tuple(result)
