"""The named sets of values: ours and the user's own. Enter takes one; `s` keeps the values in force under a name."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from tui_assistant.client.tuning import Preset, Tuning
from tui_assistant.runtime.api import TalkApi
from tui_assistant.safetext import clean
from tui_assistant.tui.bindings import Context, bindings_of
from tui_assistant.tui.drawing.presets import NAME_CHARACTERS
from tui_assistant.tui.widgets.keybar import KeyBar
from tui_assistant.tui.widgets.presetlist import PresetList


class NameLine(Input):
    """Where the name of an own preset is typed."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Context.NAMING, skip=("send",))  # enter: Input's own

    def __init__(self) -> None:
        hint = "a name for the values in force, enter keeps them"
        super().__init__(placeholder=hint, id="name", max_length=NAME_CHARACTERS)
        self.border_title = "Name of these values"
        self.cursor_blink = False  # nothing moves when nothing happens

    def replace(self, text: str, start: int, end: int) -> None:
        """Every way into the line ends here, pasting too: no control character of a pasted text reaches the screen."""
        super().replace(clean(text), start, end)

    async def action_leave(self) -> None:
        await self.screen.run_action("back")


class PresetScreen(ModalScreen[Preset]):
    """Gives the preset that was chosen."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Context.PRESETS)
    AUTO_FOCUS = "#presets"

    def __init__(self, talk: TalkApi, tuning: Tuning) -> None:
        """`tuning`: the values in force."""
        super().__init__()
        self._talk, self._tuning = talk, tuning

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="dialog"):
            presets = PresetList(self._talk.presets(), self._tuning, id="presets")
            presets.border_title = "Presets"
            yield presets
            yield NameLine()
            yield KeyBar(Context.PRESETS, id="keys")

    async def on_key_bar_clicked(self, message: KeyBar.Clicked) -> None:
        naming = self.has_class("naming")
        if message.action == "leave":
            await self.run_action("back" if naming else "leave")
        elif message.action == "send":
            self._keep(self.query_one(NameLine).value)
        elif message.action in ("take", "name"):
            await self.run_action(message.action)

    def on_preset_list_taken(self) -> None:
        self.action_take()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._keep(event.value)

    def _keep(self, name: str) -> None:
        if name.strip():
            self._talk.save_preset(name.strip())
            self.dismiss()

    def action_move(self, key: str) -> None:
        self.query_one(PresetList).move(1 if key == "down" else -1)

    def action_take(self) -> None:
        self.dismiss(self.query_one(PresetList).chosen)

    def action_name(self) -> None:
        self.add_class("naming")
        self.query_one(NameLine).focus()
        self.query_one(KeyBar).update(Context.NAMING)

    def action_back(self) -> None:
        self.remove_class("naming")
        self.query_one(NameLine).value = ""
        self.query_one(PresetList).focus()
        self.query_one(KeyBar).update(Context.PRESETS)

    def action_leave(self) -> None:
        self.dismiss()
