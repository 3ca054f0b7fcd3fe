"""A scrolling page of lines that are made anew for each width."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui_assistant.tui.drawing.runs import EMPTY, Line
from tui_assistant.tui.widgets.lines import HasPens, strip_of


class Pages(ScrollView, can_focus=True):
    def __init__(self, make: Callable[[int], list[Line]], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._make = make
        self._rows: list[Line] = []

    def on_resize(self) -> None:
        self.renew()

    def renew(self) -> None:
        """What the lines are made of has changed."""
        width = self.scrollable_content_region.width
        self._rows = self._make(width)
        self.virtual_size = Size(width, len(self._rows))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        row = self.scroll_offset.y + y
        line = self._rows[row] if row < len(self._rows) else EMPTY
        return strip_of(line, cast("HasPens", self.app).pens, self.size.width, self.rich_style)

    def step(self, key: str) -> None:
        """One line up or down, by that arrow key."""
        if key == "up":
            self.scroll_up(animate=False)
        else:
            self.scroll_down(animate=False)
