"""One list of the device picker. Names are foreign text: shown clean, handed back as they came."""

from __future__ import annotations

from textual import events
from textual.message import Message

from tui_assistant.safetext import clean
from tui_assistant.tui.drawing.runs import Line, crop, crop_inside
from tui_assistant.tui.drawing.words import more
from tui_assistant.tui.widgets.lines import Lines


def device_rows(
    names: tuple[str, ...], used: str, cursor: int, width: int, height: int, *, focus: bool, none: str
) -> tuple[list[Line], int]:
    """The visible rows and the number of the first: the cursor is always among them. `✓` marks the device in use."""
    if not names:
        return [((none, "dim"),)], 0
    first = max(0, min(cursor - height + 1, len(names) - height)) if cursor >= height else 0
    rows: list[Line] = []
    for number in range(first, min(len(names), first + max(1, height))):
        here = number == cursor
        mark = "✓ " if names[number] == used else "  "
        role = ("bold voice" if focus else "ink") if here else "ink"
        name = crop_inside(clean(names[number]), width - 4)  # names of one card differ in their ends
        row = (("▸ " if here and focus else "  ", "voice"), (mark, "voice"), (name, role))
        rows.append(crop(row, width))
    return rows, first


class DeviceList(Lines, can_focus=True):
    class Taken(Message):
        """A device was clicked."""

    def __init__(self, names: tuple[str, ...], used: str, none: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._names, self._used, self._none = names, used, none
        self._cursor = names.index(used) if used in names else 0
        self._first = 0

    @property
    def chosen(self) -> str | None:
        return self._names[self._cursor] if self._names else None

    def move(self, by: int) -> None:
        if self._names:
            self._cursor = (self._cursor + by) % len(self._names)
            self._draw()

    def _draw(self) -> None:
        width, height = self.size
        rows, self._first = device_rows(
            self._names, self._used, self._cursor, width, height, focus=self.has_focus, none=self._none
        )
        self.show(rows)
        self.border_subtitle = more(above=self._first > 0, below=self._first + len(rows) < len(self._names))

    def on_resize(self) -> None:
        self._draw()

    def watch_has_focus(self, _has_focus: bool) -> None:
        """Not on_focus and on_blur, which run before `has_focus` changes."""
        super().watch_has_focus(_has_focus)
        self._draw()

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and self._first + offset.y < len(self._names):
            self._cursor = self._first + offset.y
            self._draw()
            self.post_message(self.Taken())
