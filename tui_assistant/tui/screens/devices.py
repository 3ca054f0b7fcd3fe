"""The picker: microphones at the left, speakers at the right. What is chosen is used at once and remembered."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen

from tui_assistant.runtime.api import TalkApi
from tui_assistant.tui.bindings import Context, bindings_of
from tui_assistant.tui.widgets.devicelist import DeviceList
from tui_assistant.tui.widgets.keybar import KeyBar


class DeviceScreen(ModalScreen[None]):
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Context.DEVICES)
    AUTO_FOCUS = "#inputs"

    def __init__(self, talk: TalkApi) -> None:
        super().__init__()
        self._talk = talk

    def compose(self) -> ComposeResult:
        devices = self._talk.devices()
        with Vertical(id="dialog", classes="dialog"):
            with Horizontal(id="lists"):
                inputs = DeviceList(devices.inputs, devices.input, "No microphone was found.", id="inputs")
                inputs.border_title = "Microphone"
                yield inputs
                outputs = DeviceList(devices.outputs, devices.output, "No speaker was found.", id="outputs")
                outputs.border_title = "Speaker"
                yield outputs
            yield KeyBar(Context.DEVICES, id="keys")

    def on_key_bar_clicked(self, message: KeyBar.Clicked) -> None:
        if message.action == "leave":
            self.dismiss()
        elif message.action == "take":
            self.action_take()

    @property
    def _list(self) -> DeviceList:
        focused = self.focused
        return focused if isinstance(focused, DeviceList) else self.query_one("#inputs", DeviceList)

    def on_device_list_taken(self) -> None:
        self.action_take()

    def action_move(self, key: str) -> None:
        self._list.move(1 if key == "down" else -1)

    def action_side(self, key: str) -> None:
        self.query_one("#outputs" if key == "right" else "#inputs").focus()

    def action_take(self) -> None:
        name = self._list.chosen
        if name is not None:
            if self._list.id == "inputs":
                self._talk.choose_devices(name, None)
            else:
                self._talk.choose_devices(None, name)
        self.dismiss()

    def action_leave(self) -> None:
        self.dismiss()
