"""What saving would change in config.toml; enter saves, escape leaves the file as it is."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from tui_assistant.runtime.api import TalkApi
from tui_assistant.tui.bindings import Context, bindings_of
from tui_assistant.tui.drawing.diff import diff_lines
from tui_assistant.tui.widgets.keybar import KeyBar
from tui_assistant.tui.widgets.pages import Pages


class SaveScreen(ModalScreen[None]):
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Context.SAVE)

    def __init__(self, talk: TalkApi) -> None:
        super().__init__()
        self._talk = talk
        self._diff = talk.settings_diff()

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="dialog"):
            pages = Pages(lambda width: diff_lines(self._diff, width), id="pages")
            pages.border_title = "Save to config.toml?"
            yield pages
            yield KeyBar(Context.SAVE, id="keys")

    def on_mount(self) -> None:
        if not self._diff.strip():
            self.query_one(KeyBar).hide("take")

    async def on_key_bar_clicked(self, message: KeyBar.Clicked) -> None:
        await self.run_action(message.action)

    def action_take(self) -> None:
        if self._diff.strip():
            self._talk.save_settings()
        self.dismiss()

    def action_leave(self) -> None:
        self.dismiss()

    def action_scroll(self, key: str) -> None:
        self.query_one(Pages).step(key)
