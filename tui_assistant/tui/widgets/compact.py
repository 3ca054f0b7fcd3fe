"""Where there is no room for the scope: state and level on one line, the timers on another when there are some."""

from __future__ import annotations

from tui_assistant.runtime.api import Snapshot
from tui_assistant.tui.drawing.meter import meter
from tui_assistant.tui.drawing.runs import Line, merge, width_of
from tui_assistant.tui.drawing.state import alarms, state
from tui_assistant.tui.widgets.lines import Lines
from tui_assistant.tui.widgets.scope import cleaned_alarms

STATE_WIDTH = 28  # the longest state with its figures that is worth it here: " ENDING  1312 / 1500 ms"
LEAST_METER = 38


def compact(snapshot: Snapshot, width: int) -> list[Line]:
    if width >= STATE_WIDTH + LEAST_METER:
        left = state(snapshot, STATE_WIDTH, name="")
        gap = " " * (STATE_WIDTH - width_of(left))
        level = meter(snapshot.level, width - STATE_WIDTH - 3, muted=snapshot.muted, indent=6)
        lines = [merge([(" ", "dim"), *left, (gap + " ", "dim"), *level])]
    else:
        lines = [merge([(" ", "dim"), *state(snapshot, width - 1, name="")])]
    timers = alarms(snapshot, cleaned_alarms(snapshot), width - 1)
    return [*lines, merge([(" ", "dim"), *timers])] if timers else lines


class Compact(Lines):
    GROWS = True

    def update(self, snapshot: Snapshot, width: int) -> None:
        self.show(compact(snapshot, width))
