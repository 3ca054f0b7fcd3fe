"""The scope: level, p(speech) with its threshold, turns, state, timers."""

from __future__ import annotations

from tui_assistant.protocol.session import ServerVad
from tui_assistant.runtime.api import Snapshot
from tui_assistant.safetext import clean
from tui_assistant.tui.drawing.chart import GUTTER, LABEL, axis, chart, lane, legend
from tui_assistant.tui.drawing.columns import Column, columns
from tui_assistant.tui.drawing.meter import meter
from tui_assistant.tui.drawing.runs import EMPTY, Line
from tui_assistant.tui.drawing.state import alarms, state
from tui_assistant.tui.keys.names import DEFAULT_KEYS, TalkKeys
from tui_assistant.tui.widgets.lines import Lines

MOST_COLUMNS = 60  # six seconds: a wider window makes a turn too small to read
MOST_ROWS = 14
LEAST_ROWS = 3
OTHER_ROWS = 4  # meter, axis, turns, state


def cleaned_alarms(snapshot: Snapshot) -> tuple[str, ...]:
    return tuple(clean(text, limit=40) for text in snapshot.alarms)


def upper_part(cells: tuple[Column | None, ...], width: int, height: int, threshold: float | None) -> list[Line]:
    """Everything that only changes when a column does: chart, axis, turn lane, and the legend where there is room."""
    spare = height - OTHER_ROWS - 1  # one row is for the timers
    rows = max(LEAST_ROWS, min(MOST_ROWS, spare))
    airy = spare - rows >= 4  # three empty lines and the legend
    lines = [EMPTY] if airy else []
    lines += [*chart(cells, rows, threshold), axis(len(cells)), *([EMPTY] if airy else []), lane(cells)]
    if spare - rows >= 1:
        lines.append(legend(width))
    if airy:
        lines.append(EMPTY)
    return lines


class Scope(Lines):
    def __init__(self, *, id: str | None = None, keys: TalkKeys = DEFAULT_KEYS) -> None:
        super().__init__(id=id)
        self._keys = keys
        self._key: object = None
        self._upper: list[Line] = []

    def update(self, snapshot: Snapshot) -> None:
        width, height = self.size
        if width < 12 or height < 2:
            return
        count = max(5, min(MOST_COLUMNS, width - GUTTER - LABEL))
        cells = columns(snapshot.frames, count)
        detection = snapshot.turn_detection
        threshold = detection.threshold if isinstance(detection, ServerVad) else None
        key = (cells, width, height, threshold)
        if key != self._key:
            self._key = key
            self._upper = upper_part(cells, width, height, threshold)
        lines = [
            meter(snapshot.level, width, muted=snapshot.muted),
            *self._upper,
            state(snapshot, width, keys=self._keys),
        ]
        self.show([*lines, alarms(snapshot, cleaned_alarms(snapshot), width)])
        title = "Scope · local estimate" if snapshot.local_estimate else "Scope"
        if self.border_title != title:
            self.border_title = title
