"""Messages to the user and the standing suggestion, above the key bar; takes no room when there is nothing to say."""

from __future__ import annotations

from tui_assistant.runtime.api import Told
from tui_assistant.tui.drawing.notices import SHOWN_AT_ONCE, NoticeBoard, draw
from tui_assistant.tui.widgets.lines import Lines


class Notices(Lines):
    GROWS = True

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.board = NoticeBoard()
        self._drawn: tuple[tuple[Told, ...], str, int] | None = None

    def update(self, now: float, width: int) -> None:
        """`now` in seconds of a clock that only goes forward; `width` of the screen, known before the first layout.
        Messages that a dialog would hide wait until it is closed."""
        if self._covered():
            return
        wanted = (self.board.visible(now), self.board.suggestion or self.board.offer, width)
        if wanted != self._drawn:
            self._drawn = wanted
            self.show(draw(wanted[0], wanted[1], width))

    def _covered(self) -> bool:
        """By a dialog that leaves too few lines free above the key bar."""
        if not self.is_attached or self.app.screen is self.screen:
            return False
        lowest, dialogs = self.screen.size.height - 1 - SHOWN_AT_ONCE, self.app.screen.query(".dialog")
        return any(dialog.region.bottom > lowest for dialog in dialogs)
