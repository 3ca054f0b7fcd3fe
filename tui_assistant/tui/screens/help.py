"""Every key with a sentence, the states explained, and what the words on the screen mean."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from tui_assistant.runtime.api import Keyboard
from tui_assistant.tui.bindings import Context, bindings_of
from tui_assistant.tui.drawing.help import help_lines
from tui_assistant.tui.keys.names import DEFAULT_KEYS, TalkKeys
from tui_assistant.tui.widgets.keybar import KeyBar
from tui_assistant.tui.widgets.pages import Pages


class HelpScreen(ModalScreen[None]):
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Context.HELP)

    def __init__(self, keyboard: Keyboard | None = None, keys: TalkKeys = DEFAULT_KEYS) -> None:
        super().__init__()
        self._keyboard = keyboard
        self._keys = keys

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="dialog"):
            pages = Pages(lambda width: help_lines(width, self._keyboard, self._keys), id="pages")
            pages.border_title = "Help"
            yield pages
            yield KeyBar(Context.HELP, id="keys")

    def on_key_bar_clicked(self) -> None:
        self.dismiss()

    def action_leave(self) -> None:
        self.dismiss()

    def action_scroll(self, key: str) -> None:
        self.query_one(Pages).step(key)
