"""Fit from marks: what other values would mend and break; enter sets them."""

from __future__ import annotations

import contextlib
import threading
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen

from tui_assistant.client.tuning import Tuning
from tui_assistant.client.turns import TurnRecord
from tui_assistant.lab.fit import Fit, NoFit
from tui_assistant.runtime.api import Snapshot
from tui_assistant.tui.bindings import Context, bindings_of
from tui_assistant.tui.drawing.fit import fit_lines
from tui_assistant.tui.fitting import fit_of, tuned
from tui_assistant.tui.widgets.keybar import KeyBar
from tui_assistant.tui.widgets.lines import Lines

FRAME = 3  # rows around the lines: the border, and the keys


class FitScreen(ModalScreen[Tuning | None]):
    """Dismissed with the values that were accepted."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Context.FIT)

    class Found(Message):
        """The search is over."""

        def __init__(self, found: Fit | NoFit) -> None:
            super().__init__()
            self.found = found

    def __init__(self, snapshot: Snapshot, records: tuple[TurnRecord, ...]) -> None:
        super().__init__()
        self._snapshot = snapshot
        self._records = records
        self.found: Fit | NoFit | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="dialog"):
            lines = Lines(id="setup")
            lines.border_title = "Fit from your marks"
            yield lines
            yield KeyBar(Context.FIT, id="keys")

    def on_mount(self) -> None:
        self.call_after_refresh(self._draw)
        # A daemon: whoever quits meanwhile does not wait for it, as he would for a worker of Textual's.
        threading.Thread(target=self._look, name="fit", daemon=True).start()

    def _look(self) -> None:
        """On a thread of its own: a second, during which the screen goes on."""
        found = fit_of(self._snapshot, self._records)
        with contextlib.suppress(RuntimeError):  # the app has ended meanwhile
            self.post_message(self.Found(found))

    def on_fit_screen_found(self, message: FitScreen.Found) -> None:
        self.found = message.found
        self._draw()

    def _draw(self) -> None:
        lines = self.query_one("#setup", Lines)
        shown = fit_lines(self.found, self._snapshot.tuning, lines.size.width)
        self.query_one("#dialog").styles.height = len(shown) + FRAME  # the style sheet has the most
        lines.show(shown)
        self.query_one("#keys", KeyBar).hide(*(() if isinstance(self.found, Fit) else ("take",)))

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    async def on_key_bar_clicked(self, message: KeyBar.Clicked) -> None:
        await self.run_action(message.action)

    def action_take(self) -> None:
        self.dismiss(tuned(self._snapshot.tuning, self.found) if isinstance(self.found, Fit) else None)

    def action_leave(self) -> None:
        self.dismiss(None)
