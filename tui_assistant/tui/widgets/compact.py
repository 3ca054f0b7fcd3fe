"""Where there is no room for the scope: state and level on one line, the timers on another when there are some."""

from __future__ import annotations

from tui_assistant.runtime.api import Snapshot
from tui_assistant.tui.drawing.meter import meter
from tui_assistant.tui.drawing.runs import Line, merge, width_of
from tui_assistant.tui.drawing.state import alarms, state
from tui_assistant.tui.keys.names import DEFAULT_KEYS, TalkKeys
from tui_assistant.tui.widgets.lines import Lines
from tui_assistant.tui.widgets.scope import cleaned_alarms

LEAST_STATE = 28  # the longest state with its figures that is worth it here: " ENDING  1312 / 1500 ms"
MOST_STATE = 36  # " SPEECH  ● 12.3 s  let go to send"
LEAST_METER = 38


def compact(snapshot: Snapshot, width: int, keys: TalkKeys = DEFAULT_KEYS) -> list[Line]:
    room = min(MOST_STATE, width - LEAST_METER)
    if room >= LEAST_STATE:
        left = state(snapshot, room, name="", keys=keys)
        gap = " " * (room - width_of(left))
        level = meter(snapshot.level, width - room - 3, muted=snapshot.muted, indent=6)
        lines = [merge([(" ", "dim"), *left, (gap + " ", "dim"), *level])]
    else:
        lines = [merge([(" ", "dim"), *state(snapshot, width - 1, name="", keys=keys)])]
    timers = alarms(snapshot, cleaned_alarms(snapshot), width - 1)
    return [*lines, merge([(" ", "dim"), *timers])] if timers else lines


class Compact(Lines):
    GROWS = True

    def __init__(self, *, id: str | None = None, keys: TalkKeys = DEFAULT_KEYS) -> None:
        super().__init__(id=id)
        self._keys = keys

    def update(self, snapshot: Snapshot, width: int) -> None:
        self.show(compact(snapshot, width, self._keys))
