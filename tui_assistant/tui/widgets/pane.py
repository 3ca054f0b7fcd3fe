"""The base of panes that others write: some lines below the sliders, made anew from every snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from tui_assistant.runtime.api import Snapshot
from tui_assistant.safetext import clean
from tui_assistant.tui.drawing.runs import Line, crop
from tui_assistant.tui.widgets.lines import Lines


class Pane(Lines):
    """A subclass has a `title` and a `draw`. A moment that changes nothing on the screen costs next to nothing."""

    GROWS = True
    title: ClassVar[str] = ""

    def draw(self, snapshot: Snapshot, width: int) -> Sequence[Line]:
        """The lines for this moment, `width` cells each. What does not fit is cut, control characters are taken out."""
        raise NotImplementedError

    def update(self, snapshot: Snapshot) -> None:
        """Draws this moment; raises what `draw` raises."""
        width = self.size.width
        lines = self.draw(snapshot, width)
        self.show([crop(tuple((clean(text), role) for text, role in line), width) for line in lines])
