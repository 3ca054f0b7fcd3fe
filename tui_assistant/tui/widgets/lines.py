"""The base of our widgets: lines of runs through the line API, of which only those that changed are drawn again.

At 30 frames a second this costs a fraction of widgets that render themselves anew each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, cast

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui_assistant.tui.drawing.runs import EMPTY, Line
from tui_assistant.tui.palette import Styles


class HasPens(Protocol):
    """What the app offers to its widgets."""

    pens: Styles


def strip_of(line: Line, pens: Styles, width: int, base: Style) -> Strip:
    """The line as a strip of exactly `width` cells; `base` is the widget's own style, its ground."""
    return Strip([Segment(text, base + pens[role]) for text, role in line]).adjust_cell_length(width, base)


class Lines(Widget):
    """Shows what `show` was given last."""

    ALLOW_SELECT = False
    GROWS = False  # as high as its lines are many

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: tuple[Line, ...] = ()
        self._strips: dict[int, Strip] = {}

    @property
    def lines(self) -> tuple[Line, ...]:
        return self._lines

    @property
    def keys_are_free(self) -> bool:
        """Nothing has the focus; also when the screen has gone, with the last frame still to come."""
        return not self.is_attached or self.screen.focused is None

    def show(self, lines: Sequence[Line]) -> int:
        """Takes the new lines; returns how many rows must be drawn again."""
        before, self._lines = self._lines, tuple(lines)
        rows = max(len(before), len(self._lines))
        changed = [row for row in range(rows) if self._at(before, row) != self._at(self._lines, row)]
        for row in changed:
            self._strips.pop(row, None)
        if self.GROWS and len(before) != len(self._lines):
            self.styles.height = len(self._lines)
        if changed:
            self.refresh(*(Region(0, row, self.size.width, 1) for row in changed))
        return len(changed)

    @staticmethod
    def _at(lines: tuple[Line, ...], row: int) -> Line:
        return lines[row] if row < len(lines) else EMPTY

    def notify_style_update(self) -> None:
        """The theme has changed: every strip has old colours."""
        super().notify_style_update()
        self._strips.clear()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        strip = self._strips.get(y)
        if strip is None or strip.cell_length != width:
            strip = strip_of(self._at(self._lines, y), cast("HasPens", self.app).pens, width, self.rich_style)
            self._strips[y] = strip
        return strip
