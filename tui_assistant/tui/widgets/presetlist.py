"""The list of presets, with a cursor."""

from __future__ import annotations

from textual import events
from textual.message import Message

from tui_assistant.client.tuning import Preset, Tuning
from tui_assistant.tui.drawing.presets import ROWS_EACH, in_force, preset_rows
from tui_assistant.tui.drawing.words import more
from tui_assistant.tui.widgets.lines import Lines


class PresetList(Lines, can_focus=True):
    class Taken(Message):
        """A preset was clicked."""

    def __init__(self, presets: tuple[Preset, ...], tuning: Tuning, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._presets, self._tuning = presets, tuning
        used = [number for number, preset in enumerate(presets) if in_force(preset, tuning)]
        self._cursor = used[0] if used else 0
        self._first = 0

    @property
    def chosen(self) -> Preset | None:
        return self._presets[self._cursor] if self._presets else None

    def move(self, by: int) -> None:
        if self._presets:
            self._cursor = (self._cursor + by) % len(self._presets)
            self._draw()

    def _draw(self) -> None:
        rows, self._first = preset_rows(self._presets, self._tuning, self._cursor, *self.size)
        self.show(rows)
        shown = self._first + len(rows) // ROWS_EACH
        self.border_subtitle = more(above=self._first > 0, below=shown < len(self._presets))

    def on_resize(self) -> None:
        self._draw()

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        number = -1 if offset is None else self._first + offset.y // ROWS_EACH
        if 0 <= number < len(self._presets):
            self._cursor = number
            self._draw()
            self.post_message(self.Taken())
