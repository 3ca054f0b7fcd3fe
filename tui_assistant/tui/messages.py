"""Messages inside the screen. Workers post them; handlers change widgets."""

from __future__ import annotations

from textual.message import Message

from tui_assistant.runtime.api import Notice


class Noticed(Message, bubble=False):
    """The Talk's thread has something to tell."""

    def __init__(self, notice: Notice) -> None:
        super().__init__()
        self.notice = notice


class Tuned(Message):
    """A slider has a new value."""

    def __init__(self, field: str, value: float) -> None:
        super().__init__()
        self.field, self.value = field, value


class TuneLeft(Message):
    """The sliders give the focus back."""


class LineTyped(Message):
    """A typed message; `text` as typed, and never empty."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class TypingLeft(Message):
    """The input line is to go."""
