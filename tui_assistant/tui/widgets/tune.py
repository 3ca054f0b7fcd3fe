"""The values of turn detection as sliders. An edit acts at once; what is shown is what the session has echoed, or the
own edit on its way there, which is marked."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from textual import events
from textual.actions import SkipAction
from textual.binding import BindingType

from tui_assistant.client.tuning import Tuning, Undo
from tui_assistant.runtime.api import Mode, Snapshot
from tui_assistant.tui.bindings import Context, bindings_of
from tui_assistant.tui.drawing.runs import EMPTY, Line, crop
from tui_assistant.tui.drawing.slider import slider, value_at
from tui_assistant.tui.drawing.tunables import MICROPHONE, Field, Row, rows_of, with_value
from tui_assistant.tui.messages import PresetsWanted, SaveWanted, Tuned, TuneLeft
from tui_assistant.tui.widgets.lines import Lines

ECHO_SECONDS = 2.0  # so long an own edit is shown without an echo; then what is in force counts again
MAX_DIGITS = 5


class Tune(Lines, can_focus=True):
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Context.TUNE)

    def __init__(self, *, id: str | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(id=id)
        self._clock = clock
        self._chosen_name = "threshold"  # of the chosen row
        self._typed = ""
        self._hands_free = True
        self._advanced = False
        self._echoed = Tuning()
        self._pending: dict[str, tuple[float | str, float]] = {}  # name: value, time of the edit
        self._undo = Undo()
        self._row_at: dict[int, int] = {}  # row of the screen -> number of the slider
        self._drawn: object = None

    @property
    def tuning(self) -> Tuning:
        """What is shown: what is in force, with the own edits that are on their way."""
        own = {name: value for name, (value, _) in self._pending.items()}
        return replace(self._echoed, **own)  # type: ignore[arg-type]  # names and types are those of Tuning

    @property
    def chosen(self) -> Row:
        return self._rows[self._number]

    @property
    def _rows(self) -> tuple[Row, ...]:
        return rows_of(self.tuning, advanced=self._advanced)

    @property
    def _number(self) -> int:
        """Of the chosen row; of the second where the chosen one is not there any more."""
        names = [row.name for row in self._rows]
        return names.index(self._chosen_name) if self._chosen_name in names else 1

    def update(self, snapshot: Snapshot) -> None:
        rules = snapshot.turn_detection
        self._hands_free = snapshot.mode is Mode.HANDS_FREE
        self._echoed = snapshot.tuning if rules is None else snapshot.tuning.follow(rules)
        now = self._clock()
        for name, (value, since) in list(self._pending.items()):
            if value == getattr(self._echoed, name) or now - since > ECHO_SECONDS:
                del self._pending[name]
        self._draw()

    def change(self, tuning: Tuning, what: str) -> None:
        """Every change of values comes through here, so that it can be undone. `what`: a slider's or preset's name."""
        before = self.tuning
        if tuning != before:
            self._undo.changed(before, what, self._clock() * 1000)
            self._put(tuning)

    def _put(self, tuning: Tuning) -> None:
        now = self._clock()
        for name in self.tuning.changes(tuning):
            self._pending[name] = (getattr(tuning, name), now)
        self.post_message(Tuned(tuning))
        self._draw()

    # ------------------------------------------------------------------------------------------- the picture

    def _draw(self) -> None:
        state = (self.tuning, tuple(self._pending), self._chosen_name, self._typed, self._hands_free, self._advanced)
        if (*state, self.has_focus, self.size) != self._drawn:
            self._drawn = (*state, self.has_focus, self.size)
            self.show(self._lines_now())

    def _lines_now(self) -> list[Line]:
        height = max(1, self.size.height)
        rows = self._rows
        spacious = height >= 2 * len(rows) + 2  # there is room for a sentence under each slider
        first = min(max(0, self._number - height + 1), max(0, len(rows) - height))
        lines: list[Line] = []
        self._row_at = {}
        for number, row in enumerate(rows[first : first + height], first):
            self._row_at[len(lines)] = number
            lines.append(self._row(row, chosen=self.has_focus and number == self._number))
            if spacious:
                self._row_at[len(lines)] = number
                lines.append(crop(((f"  {self._help(row)}", "dim"),), self.size.width))
        if len(lines) < height:
            sentence = self._sentence("" if spacious or not self.has_focus else self._help(self.chosen))
            lines += [*([EMPTY] if spacious else []), crop(((f"  {sentence}", "dim"),), self.size.width)]
        return lines

    def _help(self, row: Row) -> str:
        return row.help if len(row.help) <= self.size.width - 2 else row.brief

    def _sentence(self, help: str) -> str:
        if self._typed and isinstance(row := self.chosen, Field):
            most = f"{row.words(row.high)} {row.unit}".rstrip()
            return f"{row.words(row.low)} to {most}: enter sets it, esc does not"
        if not self._hands_free and not (self.has_focus and self._chosen_name in MICROPHONE):
            return "kept for HANDS-FREE; in push-to-talk the key ends the turn"
        return help or ("changes act at once" if self.has_focus else "t changes them; they act at once")

    def _row(self, row: Row, *, chosen: bool) -> Line:
        return slider(
            row,
            getattr(self.tuning, row.name),
            self.size.width,
            chosen=chosen,
            active=self._hands_free or row.name in MICROPHONE,
            typed=self._typed if chosen else "",
            pending=row.name in self._pending,
        )

    def on_focus(self) -> None:
        self._draw()

    def on_blur(self) -> None:
        self._typed = ""
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        number = None if offset is None else self._row_at.get(offset.y)
        if offset is not None and number is not None:
            self._chosen_name, self._typed = self._rows[number].name, ""
            value = value_at(self.chosen, offset.x, self.size.width)
            if value is not None:
                self._set(value)
            self._draw()

    # ------------------------------------------------------------------------------------------- the edits

    def _set(self, value: float | str) -> None:
        """An edit of the chosen row."""
        self._typed = ""
        row = self.chosen
        self.change(with_value(self.tuning, row, value), row.name)
        self._draw()

    def _move(self, key: str, *, leap: bool) -> None:
        row, value = self.chosen, getattr(self.tuning, self.chosen.name)
        direction = 1 if key.endswith("right") else -1
        if isinstance(row, Field):
            outside = value >= row.high if direction > 0 else value <= row.low
            if not outside:  # the settings may hold more than a slider reaches: a step up must not take that away
                self._set(value + direction * (row.leap if leap else row.step))
        else:
            self._set(row.moved(value, direction))

    def action_choose(self, key: str) -> None:
        self.action_accept()
        rows = self._rows
        self._chosen_name = rows[(self._number + (1 if key == "down" else -1)) % len(rows)].name
        self._draw()

    def action_step(self, key: str) -> None:
        self._move(key, leap=False)

    def action_leap(self, key: str) -> None:
        self._move(key, leap=True)

    def action_edge(self, key: str) -> None:
        row = self.chosen
        low, high = (row.low, row.high) if isinstance(row, Field) else (row.options[0], row.options[-1])
        self._set(low if key == "home" else high)

    def action_digit(self, key: str) -> None:
        character = "." if key == "full_stop" else key
        dotted = character == "." and "." in self._typed
        if isinstance(self.chosen, Field) and len(self._typed) < MAX_DIGITS and not dotted:
            self._typed += character
            self._draw()

    def action_minus(self) -> None:
        """Only where a value may be negative; elsewhere the main screen has the key."""
        if self._typed or not (isinstance(self.chosen, Field) and self.chosen.signed):
            raise SkipAction
        self._typed = "-"
        self._draw()

    def action_rub(self) -> None:
        self._typed = self._typed[:-1]
        self._draw()

    def action_accept(self) -> None:
        typed, self._typed = self._typed, ""
        if typed.strip("-."):
            self._set(float(typed))
        self._draw()

    def action_undo(self) -> None:
        if (before := self._undo.back(self.tuning)) is not None:
            self._put(before)

    def action_redo(self) -> None:
        if (after := self._undo.forth(self.tuning)) is not None:
            self._put(after)

    def action_reset(self) -> None:
        self._set(getattr(Tuning(), self.chosen.name))

    def action_reset_all(self) -> None:
        self._typed = ""
        self.change(Tuning(), "reset")

    def action_advanced(self) -> None:
        self._advanced = not self._advanced
        self.set_class(self._advanced, "advanced")
        self._draw()

    def action_presets(self) -> None:
        self.post_message(PresetsWanted())

    def action_save(self) -> None:
        self.action_accept()
        self.post_message(SaveWanted())

    def action_leave(self) -> None:
        if self._typed:
            self._typed = ""
            self._draw()
        else:
            self.post_message(TuneLeft())
