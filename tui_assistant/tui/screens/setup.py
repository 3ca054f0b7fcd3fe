"""The setup: 45 seconds for microphone, room, keyboard and speakers; opened by a key, never by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from tui_assistant.client.tuning import Tuning
from tui_assistant.runtime.api import EchoMeasured, Snapshot, TalkApi
from tui_assistant.tui.bindings import Context, bindings_of
from tui_assistant.tui.drawing.models import marked_row
from tui_assistant.tui.drawing.setup import keys_now, page
from tui_assistant.tui.drawing.words import more
from tui_assistant.tui.setupflow import Flow, Step
from tui_assistant.tui.widgets.keybar import KeyBar
from tui_assistant.tui.widgets.lines import Lines

FRAMES_PER_SECOND = 15


@dataclass(frozen=True, slots=True)
class SetUp:
    """What was accepted; `adjust`: the sliders are wanted next."""

    tuning: Tuning
    duplex: str = ""
    adjust: bool = False


class SetupScreen(ModalScreen[SetUp | None]):
    """Dismissed with what is to be in force from now on; None: as before."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Context.SETUP)

    def __init__(self, talk: TalkApi, snapshot: Snapshot, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._talk = talk
        self._clock = clock
        self.flow = Flow(talk, snapshot, clock())
        self._top = 0  # first row that is shown

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="dialog"):
            lines = Lines(id="setup")
            lines.border_title = "Setup"
            yield lines
            yield KeyBar(Context.SETUP, id="keys")

    def on_mount(self) -> None:
        self._talk.interrupt()
        self._talk.setup.begin()
        self.set_interval(1 / FRAMES_PER_SECOND, self._frame)
        self.call_after_refresh(self._draw)

    def take(self, echo: EchoMeasured) -> None:
        """The app hands it on."""
        self.flow.take(echo)
        self._draw()

    def _frame(self) -> None:
        step = self.flow.step
        self.flow.update(self._talk.snapshot(), self._clock())
        if self.flow.step is not step:
            self._top = 0
        self._draw()

    def _draw(self) -> None:
        lines = self.query_one("#setup", Lines)
        rows = page(self.flow, lines.size.width)
        self._top = max(0, min(self._top, len(rows) - lines.size.height))
        lines.show(rows[self._top :])
        hidden = len(rows) - self._top - lines.size.height
        lines.border_subtitle = more(above=self._top > 0, below=hidden > 0)
        idle, words = keys_now(self.flow)
        self.query_one("#keys", KeyBar).hide(*idle, **words)

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    async def on_key_bar_clicked(self, message: KeyBar.Clicked) -> None:
        await self.run_action(message.action)

    # -------------------------------------------------------------------------------------------- actions

    def action_next(self) -> None:
        if self.flow.step is Step.RESULT:
            self._finish(adjust=False)
        else:
            self.flow.enter()
            self._draw()

    def action_skip(self) -> None:
        self.flow.skip()
        self._draw()

    def action_again(self) -> None:
        if self.flow.step is Step.RESULT:
            self.flow.again()
            self._draw()

    def action_voice(self) -> None:
        self.flow.hear_voice()
        self._draw()

    def action_adjust(self) -> None:
        if self.flow.step is Step.RESULT:
            self._finish(adjust=True)

    def action_fetch(self) -> None:
        self.flow.fetch()
        self._draw()

    def action_scroll(self, key: str) -> None:
        step = 1 if key == "down" else -1
        if self.flow.choose(step):
            lines = self.query_one("#setup", Lines)
            row = marked_row(page(self.flow, lines.size.width))
            self._top = max(row - lines.size.height + 1, min(self._top, row))
        else:
            self._top += step
        self._draw()

    def action_leave(self) -> None:
        if self.flow.stop_fetching() and self.flow.step is Step.MODELS:
            self._draw()
            return
        self._restore()
        self._talk.setup.decline()
        self.dismiss(None)

    def _restore(self) -> None:
        """Puts the former values back, if another gain was tried, and stops the assistant's voice."""
        if self.flow.tuning != self.flow.before:
            self._talk.apply(self.flow.before)
        if self.flow.voicing_from is not None:
            self._talk.interrupt()
        self._talk.setup.end()

    def _finish(self, *, adjust: bool) -> None:
        measured = self.flow.proposal is not None
        duplex = str(self.flow.advice.duplex) if self.flow.advice is not None else ""
        self._restore()
        if measured or duplex:
            self._talk.setup.keep(self.flow.proposed, duplex)
        else:
            self._talk.setup.decline()
        self.dismiss(SetUp(self.flow.proposed, duplex, adjust) if measured or adjust else None)
