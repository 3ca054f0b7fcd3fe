"""Messages inside the screen. Workers post them; handlers change widgets."""

from __future__ import annotations

from pathlib import Path

from textual.message import Message

from tui_assistant.client.tuning import Tuning
from tui_assistant.client.turns import Mark
from tui_assistant.runtime.api import Notice


class Noticed(Message, bubble=False):
    """The Talk's thread has something to tell."""

    def __init__(self, notice: Notice) -> None:
        super().__init__()
        self.notice = notice


class Tuned(Message):
    """Other values are wanted: a slider was moved, a preset taken, a step undone."""

    def __init__(self, tuning: Tuning) -> None:
        super().__init__()
        self.tuning = tuning


class PresetsWanted(Message):
    """The list of named values is to be shown."""


class SaveWanted(Message):
    """What saving would change is to be shown."""


class TuneLeft(Message):
    """The sliders give the focus back."""


class ScopeLeft(Message):
    """The scope goes on and gives the focus back."""


class LineTyped(Message):
    """A typed message; `text` as typed, and never empty."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class TranscriptNamed(Message):
    """The conversation is to be saved there."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path


class TypingLeft(Message):
    """The input line is to go."""


class LineChosen(Message):
    """Something is to be done with the chosen line of the transcript; `key`: the line's."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key


class CardWanted(LineChosen):
    """The card of its turn is to be shown."""


class TurnWanted(LineChosen):
    """Its turn is to be shown in the scope."""


class MarkWanted(LineChosen):
    """Its turn is to be marked; None takes the mark back."""

    def __init__(self, key: str, mark: Mark | None) -> None:
        super().__init__(key)
        self.mark = mark


class LinesLeft(Message):
    """The transcript gives the focus back."""
