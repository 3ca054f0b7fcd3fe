"""From detector frames to the columns of the scope. A column is 100 ms, or as much more as the zoom says."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tui_assistant.client.blips import FRAME_MS
from tui_assistant.runtime.api import Phase, ScopeFrame

# What a column lasts at each zoom: with 50 of them from 5 s to the 120 s that are kept.
ZOOMS_MS = (100, 200, 400, 800, 1_200, 2_400)
USUAL_ZOOM = 1  # 10 s: two or three turns, and a pause of 500 ms is still seen
UNSETTLED_MS = 4_000  # so far back a frame may still become padding, speech or a commit
FULL = 6  # fill of a silence that ended its turn

# When a column holds frames of several phases, the one that says most wins.
_WEIGHT = {Phase.QUIET: 0, Phase.PADDING: 1, Phase.ANSWER: 2, Phase.WAITING: 3, Phase.SPEECH: 4}


@dataclass(frozen=True, slots=True)
class Window:
    """Which moments stand in which column. Column `i` of all time lasts from i * column_ms, exclusive, to the next."""

    column_ms: int
    count: int
    last: int  # the column at the right

    @property
    def first(self) -> int:
        return self.last - self.count + 1

    @property
    def begin_ms(self) -> int:
        return self.first * self.column_ms

    @property
    def end_ms(self) -> int:
        return (self.last + 1) * self.column_ms

    def cell(self, at_ms: int) -> int:
        """The place of a moment, 0 at the left; also outside of what is shown."""
        return (at_ms - 1) // self.column_ms - self.first


def window_at(end_ms: int, column_ms: int, count: int) -> Window:
    """The window whose column at the right holds that moment."""
    return Window(column_ms, max(0, count), (end_ms - 1) // column_ms)


@dataclass(frozen=True, slots=True)
class Column:
    """`p64`: the highest p of the frames in 1/64 (fine enough for 8 rows of 8 steps, coarse enough to rest)."""

    p64: int
    phase: Phase
    commit: bool = False
    fill: int = 0  # 1 to FULL: how much of the silence that ends a turn has passed
    tail: bool = False  # push-to-talk: what is heard after the release
    reply: bool = False  # the answer begins to be heard
    decided: bool = True  # the conversation's rules decided here
    local: Phase | None = None  # what our own rules make of it, where a server decides
    local_end: bool = False


@dataclass(frozen=True, slots=True)
class LaneTimes:
    """What the frames themselves do not say of waiting and tails."""

    needed_ms: int = 500  # silence that ends a turn
    tail_ms: int = 200


class Columns:
    """Columns made once: only those that may still change are looked at again."""

    def __init__(self) -> None:
        self._made: dict[int, Column] = {}
        self._key: object = None
        self._settled = -1  # columns up to here are final
        self._last_ms = -1

    def of(self, frames: Sequence[ScopeFrame], window: Window, times: LaneTimes) -> tuple[Column | None, ...]:
        """One for each place, oldest first; None where there is no frame (before the start, or a gap)."""
        if not frames:
            return (None,) * window.count
        key = (window.column_ms, times)
        if key != self._key or frames[-1].at_ms < self._last_ms:
            self._key, self._made, self._settled = key, {}, -1
        self._last_ms = frames[-1].at_ms
        size = window.column_ms
        redo = max(self._settled + 1, (frames[0].at_ms - 1) // size)
        begin = bisect_right(frames, redo * size, key=_at_ms)
        for index in [index for index in self._made if index >= redo or index * size + size < frames[0].at_ms]:
            del self._made[index]
        self._made.update(_columns(frames, begin, size, times))
        self._settled = max(self._settled, (self._last_ms - UNSETTLED_MS) // size - 1)
        return tuple(self._made.get(index) for index in range(window.first, window.last + 1))


def columns(frames: Sequence[ScopeFrame], window: Window, times: LaneTimes | None = None) -> tuple[Column | None, ...]:
    """The same without a memory."""
    return Columns().of(frames, window, times or LaneTimes())


def _at_ms(frame: ScopeFrame) -> int:
    return frame.at_ms


def _columns(frames: Sequence[ScopeFrame], begin: int, size: int, times: LaneTimes) -> Iterator[tuple[int, Column]]:
    """The columns of frames[begin:] with their numbers."""
    fills, tails = _silences(frames, begin, times.needed_ms), _tails(frames, begin, times.tail_ms)
    number, column = -1, None
    for at in range(begin, len(frames)):
        frame = frames[at]
        reply = frame.phase is Phase.ANSWER and at > 0 and frames[at - 1].phase is not Phase.ANSWER
        p64 = round(min(1.0, max(0.0, frame.p)) * 64)
        fill, tail = fills.get(at, 0), at in tails
        here = (frame.at_ms - 1) // size
        if column is None or here != number:
            if column is not None:
                yield number, column
            number = here
            column = Column(
                p64, frame.phase, frame.commit, fill, tail, reply, frame.decided, frame.local, frame.local_end
            )
            continue
        column = Column(
            max(p64, column.p64),
            frame.phase if _WEIGHT[frame.phase] > _WEIGHT[column.phase] else column.phase,
            frame.commit or column.commit,
            max(fill, column.fill),
            tail or column.tail,
            reply or column.reply,
            frame.decided or column.decided,
            max(column.local, frame.local, key=_weight),
            frame.local_end or column.local_end,
        )
    if column is not None:
        yield number, column


def _weight(phase: Phase | None) -> int:
    return -1 if phase is None else _WEIGHT[phase]


def _silences(frames: Sequence[ScopeFrame], begin: int, needed_ms: int) -> dict[int, int]:
    """The fill of each waiting frame. A silence that ended its turn was full, whatever is needed by now."""
    start = begin
    while 0 < start < len(frames) and frames[start].phase is Phase.WAITING and frames[start - 1].phase is Phase.WAITING:
        start -= 1
    fills: dict[int, int] = {}
    run: list[int] = []
    for at in range(start, len(frames) + 1):
        frame = frames[at] if at < len(frames) else None
        if frame is not None and frame.phase is Phase.WAITING:
            run.append(at)
            continue
        if run:
            over = (frame is not None and frame.commit) or frames[run[-1]].commit
            total = len(run) if over else max(len(run), round(needed_ms / FRAME_MS))
            fills.update({each: max(1, number * FULL // total) for number, each in enumerate(run, 1)})
            run = []
    return fills


def _tails(frames: Sequence[ScopeFrame], begin: int, tail_ms: int) -> set[int]:
    """Frames of push-to-talk between the release and the commit: the engine did not decide, and the commit follows."""
    tails: set[int] = set()
    for commit in range(begin, len(frames)):
        if not frames[commit].commit or frames[commit].decided:
            continue
        at = commit
        while at >= begin and frames[commit].at_ms - frames[at].at_ms < tail_ms:
            if frames[at].phase is Phase.SPEECH and not frames[at].decided:
                tails.add(at)
            at -= 1
    return tails
