"""Where there is no room for the scope: state and level on one line, traffic and timers on others when there are some;
while values are changed, what they would have made of the turns."""

from __future__ import annotations

from textual.geometry import Size

from tui_assistant.runtime.api import Snapshot
from tui_assistant.tui.drawing.columns import USUAL_ZOOM, ZOOMS_MS, Columns, window_at
from tui_assistant.tui.drawing.meter import meter
from tui_assistant.tui.drawing.runs import Line, merge, width_of
from tui_assistant.tui.drawing.scope import View, lanes, words
from tui_assistant.tui.drawing.state import alarms, state
from tui_assistant.tui.drawing.traffic import line as traffic_line
from tui_assistant.tui.keys.names import DEFAULT_KEYS, TalkKeys
from tui_assistant.tui.whatif_view import Comparison
from tui_assistant.tui.widgets.lines import Lines
from tui_assistant.tui.widgets.scope import cleaned_alarms, columns_in, lane_times

LANE_ROWS = 22  # from this height of the screen on there is room for the lanes, too
LEAST_STATE = 28  # the longest state with its figures that is worth it here: " ENDING  1312 / 1500 ms"
MOST_STATE = 36  # " SPEECH  ● 12.3 s  let go to send"
LEAST_METER = 38


def compact(snapshot: Snapshot, width: int, keys: TalkKeys = DEFAULT_KEYS, *, escapes: bool = True) -> list[Line]:
    room = min(MOST_STATE, width - LEAST_METER)
    if room >= LEAST_STATE:
        left = state(snapshot, room, name="", keys=keys, escapes=escapes)
        gap = " " * (room - width_of(left))
        level = meter(
            snapshot.level,
            width - room - 3,
            muted=snapshot.muted,
            indent=6,
            noise_floor_dbfs=snapshot.noise_floor_dbfs,
            gain_db=snapshot.tuning.gain_db,
        )
        lines = [merge([(" ", "dim"), *left, (gap + " ", "dim"), *level])]
    else:
        lines = [merge([(" ", "dim"), *state(snapshot, width - 1, name="", keys=keys, escapes=escapes)])]
    below = (traffic_line(snapshot, width - 2), alarms(snapshot, cleaned_alarms(snapshot), width - 1))
    return [*lines, *(merge([(" ", "dim"), *each]) for each in below if each)]


class Compact(Lines):
    GROWS = True

    def __init__(self, *, id: str | None = None, keys: TalkKeys = DEFAULT_KEYS) -> None:
        super().__init__(id=id)
        self._keys = keys
        self._columns = Columns()

    def update(
        self,
        snapshot: Snapshot,
        screen: Size,
        comparison: Comparison | None = None,
        column_ms: int = ZOOMS_MS[USUAL_ZOOM],
    ) -> None:
        lines = compact(snapshot, screen.width, self._keys, escapes=self.keys_are_free)
        if comparison is not None:
            lines = [*self._compared(snapshot, screen, comparison, column_ms), *lines]
        self.show(lines)

    def _compared(self, snapshot: Snapshot, screen: Size, comparison: Comparison, column_ms: int) -> list[Line]:
        count = columns_in(screen.width - 2)
        window = window_at(snapshot.frames[-1].at_ms if snapshot.frames else 1, column_ms, count)
        cells = self._columns.of(snapshot.frames, window, lane_times(snapshot))
        lines = words(comparison, screen.width - 2, 1)
        if screen.height >= LANE_ROWS:
            lines = [*lanes(View(cells, window, None, comparison)), *lines]
        return [merge([(" ", "dim"), *line]) for line in lines]
