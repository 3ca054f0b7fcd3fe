"""Three sliders for server_vad. An edit acts at once; what is shown is what the server has echoed, or the own edit on
its way there."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.binding import BindingType

from tui_assistant.protocol.session import ServerVad
from tui_assistant.runtime.api import Snapshot
from tui_assistant.tui.bindings import Context, bindings_of
from tui_assistant.tui.drawing.runs import EMPTY, Line, crop
from tui_assistant.tui.drawing.slider import FIELDS, Field, slider, value_at
from tui_assistant.tui.messages import Tuned, TuneLeft
from tui_assistant.tui.widgets.lines import Lines

ECHO_SECONDS = 2.0  # so long an own edit is shown without an echo; then what is in force counts again
MAX_DIGITS = 5
ROWS_EACH = 3  # of a slider with its sentence and a gap


class Tune(Lines, can_focus=True):
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Context.TUNE)

    def __init__(self, *, id: str | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(id=id)
        self._clock = clock
        self._chosen = 0
        self._typed = ""
        self._active = True
        self._echoed: dict[str, float] = {field.name: getattr(ServerVad(), field.name) for field in FIELDS}
        self._pending: dict[str, tuple[float, float]] = {}  # field: value, time of the edit

    @property
    def chosen(self) -> Field:
        return FIELDS[self._chosen]

    def value(self, field: Field) -> float:
        return self._pending[field.name][0] if field.name in self._pending else self._echoed[field.name]

    def update(self, snapshot: Snapshot) -> None:
        detection = snapshot.turn_detection
        self._active = isinstance(detection, ServerVad)
        if isinstance(detection, ServerVad):
            now = self._clock()
            for field in FIELDS:
                self._echoed[field.name] = getattr(detection, field.name)
                value, since = self._pending.get(field.name, (None, now))
                if value == self._echoed[field.name] or now - since > ECHO_SECONDS:
                    self._pending.pop(field.name, None)
        else:
            self._pending.clear()
        self._draw()

    def _draw(self) -> None:
        lines: list[Line] = []
        for number, field in enumerate(FIELDS):
            chosen = self.has_focus and number == self._chosen
            typed = self._typed if chosen else ""
            value = self.value(field)
            lines.append(slider(field, value, self.size.width, chosen=chosen, active=self._active, typed=typed))
            if self._spacious:
                lines += [crop(((f"  {field.help}", "dim"),), self.size.width), EMPTY]
        if not self._active:
            lines.append((("  in force in HANDS-FREE with server_vad only", "dim"),))
        elif self._spacious:
            words = "changes act at once" if self.has_focus else "t changes them; they act at once"
            lines.append(((f"  {words}", "dim"),))
        self.show(lines)

    @property
    def _spacious(self) -> bool:
        """There is room for a sentence under each slider."""
        return self.size.height >= ROWS_EACH * len(FIELDS) + 1

    def on_focus(self) -> None:
        self._draw()

    def on_blur(self) -> None:
        self._typed = ""
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        row = -1 if offset is None else offset.y // (ROWS_EACH if self._spacious else 1)
        if offset is not None and row < len(FIELDS):
            self._chosen, self._typed = row, ""
            value = value_at(self.chosen, offset.x, self.size.width)
            if value is not None:
                self._set(value)
            self._draw()

    def _set(self, value: float) -> None:
        """An edit of the chosen slider. Without server_vad there is nothing to set."""
        value = self.chosen.clamp(value)
        if self._active and value != self.value(self.chosen):
            self._pending[self.chosen.name] = (value, self._clock())
            self.post_message(Tuned(self.chosen.name, value))
        self._typed = ""
        self._draw()

    def action_choose(self, key: str) -> None:
        self.action_accept()
        self._chosen = (self._chosen + (1 if key == "down" else -1)) % len(FIELDS)
        self._draw()

    def action_step(self, key: str) -> None:
        self._set(self.value(self.chosen) + (self.chosen.step if key == "right" else -self.chosen.step))

    def action_leap(self, key: str) -> None:
        self._set(self.value(self.chosen) + (self.chosen.leap if key == "shift+right" else -self.chosen.leap))

    def action_edge(self, key: str) -> None:
        self._set(self.chosen.low if key == "home" else self.chosen.high)

    def action_digit(self, key: str) -> None:
        character = "." if key == "full_stop" else key
        if self._active and len(self._typed) < MAX_DIGITS and not (character == "." and "." in self._typed):
            self._typed += character
            self._draw()

    def action_rub(self) -> None:
        self._typed = self._typed[:-1]
        self._draw()

    def action_accept(self) -> None:
        typed, self._typed = self._typed, ""
        if typed.strip("."):
            self._set(float(typed))
        self._draw()

    def action_leave(self) -> None:
        if self._typed:
            self._typed = ""
            self._draw()
        else:
            self.post_message(TuneLeft())
