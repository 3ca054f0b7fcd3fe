"""The scope: level, p(speech) with its thresholds, turns, what other values would have made of them, state, timers.

With the focus it is paused: it stands still, a cursor moves over it, and the figures under the cursor are shown. The
level and the state go on.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import BindingType

from tui_assistant.client.tuning import Tuning
from tui_assistant.lab.whatif import limits
from tui_assistant.protocol.session import TurnDetection
from tui_assistant.runtime.api import Snapshot
from tui_assistant.safetext import clean
from tui_assistant.tui.bindings import Context, bindings_of
from tui_assistant.tui.drawing.columns import USUAL_ZOOM, ZOOMS_MS, Columns, LaneTimes, Window, window_at
from tui_assistant.tui.drawing.cursor import figures
from tui_assistant.tui.drawing.lanes import GUTTER, LABEL
from tui_assistant.tui.drawing.meter import meter, meter_notes
from tui_assistant.tui.drawing.runs import EMPTY, Line
from tui_assistant.tui.drawing.scope import View, upper_part
from tui_assistant.tui.drawing.state import alarms, state
from tui_assistant.tui.drawing.traffic import line as traffic_line
from tui_assistant.tui.keys.names import DEFAULT_KEYS, TalkKeys
from tui_assistant.tui.messages import ScopeLeft
from tui_assistant.tui.scope_cursor import LEAP, Cursor
from tui_assistant.tui.whatif_view import Comparison, WhatIf
from tui_assistant.tui.widgets.lines import Lines

MOST_COLUMNS = 60
LEAST_COLUMNS = 5
NOTES_ROWS = 18  # from here on the figures of the meter have a line of their own
LINGER_S = 10.0  # so long a comparison stays when the sliders are left: long enough to read it


def cleaned_alarms(snapshot: Snapshot) -> tuple[str, ...]:
    return tuple(clean(text, limit=40) for text in snapshot.alarms)


def columns_in(width: int) -> int:
    """How many columns there are beside the labels."""
    return max(LEAST_COLUMNS, min(MOST_COLUMNS, width - GUTTER - LABEL))


class Scope(Lines, can_focus=True):
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Context.SCOPE)

    def __init__(self, *, id: str | None = None, keys: TalkKeys = DEFAULT_KEYS) -> None:
        super().__init__(id=id)
        self.border_subtitle = "+ - zoom · p pause"
        self._keys = keys
        self._zoom = USUAL_ZOOM
        self._cursor: Cursor | None = None
        self._snapshot = Snapshot()
        self._columns = Columns()
        self._what_if = WhatIf()
        self._compared_at: float | None = None  # when somebody last looked at the sliders
        self._limits: tuple[object, tuple[float, float] | None] = (None, None)
        self._key: object = None
        self._upper: list[Line] = []
        self.comparison: Comparison | None = None  # what stands on the what-if lanes

    @property
    def paused(self) -> bool:
        return self._cursor is not None

    @property
    def column_ms(self) -> int:
        return ZOOMS_MS[self._zoom]

    @property
    def _count(self) -> int:
        return columns_in(self.size.width)

    # ------------------------------------------------------------------------------------------ what comes

    def compare(self, snapshot: Snapshot, baseline: Tuning | None, now: float, *, looking: bool) -> None:
        """Called before `update`, with every frame. `baseline`: the values that were in force when the sliders were
        opened; None: they never were. `looking`: they are open. A comparison stays for LINGER_S after that, and as long
        as the scope is paused.
        """
        self._snapshot = snapshot
        if looking:
            self._compared_at = now
        elif self._compared_at is not None and now - self._compared_at > LINGER_S and not self.paused:
            self._compared_at = None
        if baseline is None or self._compared_at is None or (not looking and baseline == snapshot.tuning):
            self.comparison = None
            return
        frames = self._cursor.frames if self._cursor else snapshot.frames
        self.comparison = self._what_if.update(frames, baseline, snapshot.tuning)

    def update(self, snapshot: Snapshot) -> None:
        width, height = self.size
        if width < 12 or height < 2:
            return
        if self._cursor is not None:
            self._cursor.take(snapshot.frames)
        notes = height >= NOTES_ROWS
        traffic = [traffic_line(snapshot, width)] if snapshot.traffic is not None else []
        lower = 3 + notes + len(traffic)  # meter, state and timers have their lines
        view, upper_height = self._view(snapshot), height - lower
        if (view, width, upper_height) != self._key:
            self._key = (view, width, upper_height)
            self._upper = upper_part(view, width, upper_height)
        noise, gain = snapshot.noise_floor_dbfs, snapshot.tuning.gain_db
        level = meter(snapshot.level, width, muted=snapshot.muted, noise_floor_dbfs=noise, gain_db=0 if notes else gain)
        below = [meter_notes(noise, gain, width, erle_db=snapshot.erle_db)] if notes else []
        lines = [level, *below, *self._upper]
        now = state(snapshot, width, keys=self._keys, escapes=self.keys_are_free)
        lines += [now, *traffic, alarms(snapshot, cleaned_alarms(snapshot), width)]
        self.show(lines)
        self._say_title(snapshot)

    def _view(self, snapshot: Snapshot) -> View:
        cursor = self._cursor
        frames = cursor.frames if cursor else snapshot.frames
        window = cursor.window(self.column_ms, self._count) if cursor else self._live(snapshot)
        cells = self._columns.of(frames, window, lane_times(snapshot))
        return View(
            cells,
            window,
            self._limits_of(snapshot.turn_detection),
            self.comparison,
            now=cursor is None or cursor.following,
            cursor=window.cell(cursor.at_ms) if cursor else None,
            figures=figures(frames, window, cursor.at_ms, self.size.width) if cursor else EMPTY,
            served=snapshot.turns == "there" and snapshot.turn_detection is not None,
        )

    def _live(self, snapshot: Snapshot) -> Window:
        return window_at(snapshot.frames[-1].at_ms if snapshot.frames else 1, self.column_ms, self._count)

    def _limits_of(self, detection: TurnDetection | None) -> tuple[float, float] | None:
        if detection != self._limits[0]:
            self._limits = (detection, None if detection is None else limits(detection))
        return self._limits[1]

    def _say_title(self, snapshot: Snapshot) -> None:
        seconds = round(self._count * self.column_ms / 1000)
        title = f"Scope · {seconds} s"
        if self._cursor is not None:
            title += " · live" if self._cursor.following else " · paused"
        if snapshot.local_estimate:
            title += " · local estimate"
        if self.border_title != title:
            self.border_title = title
            self.border_subtitle = "+ - zoom" if self.paused else "+ - zoom · p pause"

    # ------------------------------------------------------------------------------------------- what is asked

    def zoom(self, direction: int) -> None:
        """1: closer; -1: more seconds."""
        self._zoom = min(len(ZOOMS_MS) - 1, max(0, self._zoom - direction))
        self.update(self._snapshot)

    def pause(self) -> None:
        """Stands still at this moment and takes the focus."""
        if self._cursor is None:
            self._cursor = Cursor(self._snapshot.frames)
        self.screen.add_class("scoping")
        self.focus()
        self.update(self._snapshot)

    def show_turn(self, at_ms: int) -> None:
        """Pauses with the cursor at that moment, e.g. the onset of a turn (ScopeFrame.at_ms)."""
        self.pause()
        assert self._cursor is not None
        if not self._cursor.following and at_ms > self._cursor.newest_ms:
            self._cursor = Cursor(self._snapshot.frames)  # it was spoken after the pause
        self._cursor.jump(at_ms, self.column_ms, self._count)
        self.update(self._snapshot)

    # ------------------------------------------------------------------------------------------------ handlers

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        self.pause()
        assert self._cursor is not None
        if offset is not None and 0 <= (cell := offset.x - GUTTER) < self._count:
            window = self._cursor.window(self.column_ms, self._count)
            self._cursor.move((window.first + cell) * self.column_ms + 1 - self._cursor.at_ms)
            self.update(self._snapshot)

    def on_focus(self) -> None:
        self.pause()

    def on_resize(self) -> None:
        self.update(self._snapshot)

    # ------------------------------------------------------------------------------------------------- actions

    def _moved(self, ms: int) -> None:
        if self._cursor is not None:
            self._cursor.move(ms)
            self.update(self._snapshot)

    def action_move(self, key: str) -> None:
        self._moved(self.column_ms * (1 if key == "right" else -1))

    def action_leap(self, key: str) -> None:
        self._moved(self.column_ms * LEAP * (1 if key == "shift+right" else -1))

    def action_page(self, key: str) -> None:
        self._moved(self.column_ms * self._count * (1 if key == "pagedown" else -1))

    def action_edge(self, key: str) -> None:
        if self._cursor is not None:
            self._cursor.edge(newest=key == "end")
            self._cursor.take(self._snapshot.frames)
            self.update(self._snapshot)

    def action_turn(self, key: str) -> None:
        if self._cursor is not None:
            self._cursor.turn(1 if key == "down" else -1)
            self.update(self._snapshot)

    def action_leave(self) -> None:
        self._cursor = None
        self.update(self._snapshot)
        self.post_message(ScopeLeft())


def lane_times(snapshot: Snapshot) -> LaneTimes:
    """How long a silence and a tail are in the lane, by the values in force."""
    tuning = snapshot.tuning
    needed = tuning.silence_duration_ms if tuning.kind == "server_vad" else SEMANTIC_MS
    return LaneTimes(needed, tuning.tail_ms)


SEMANTIC_MS = 2_000  # P = 0.5 waits 1150 ms; a lane that is full long before the turn ends would mislead more
