"""The line in which a message is typed."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import Input

from tui_assistant.safetext import clean
from tui_assistant.tui.bindings import Context, bindings_of
from tui_assistant.tui.messages import LineTyped, TranscriptNamed, TypingLeft

SUFFIXES = (".md", ".txt", ".srt", ".json")  # those of record/transcript.py
MAX_CHARACTERS = 10_000  # a typed message is a sentence; a pasted book is a mistake


class TypeLine(Input):
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Context.TYPE, skip=("send",))  # enter: Input's own

    hint: ClassVar[str] = "type a message, enter sends it"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(placeholder=self.hint, id=id, max_length=MAX_CHARACTERS, select_on_focus=False)
        self.cursor_blink = False  # nothing moves when nothing happens

    def replace(self, text: str, start: int, end: int) -> None:
        """Every way into the line ends here, pasting too: no control character of a pasted text reaches the screen."""
        super().replace(clean(text), start, end)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self.value.strip():
            self.post_message(self.typed(self.value))
        self.value = ""
        self.post_message(TypingLeft())

    def typed(self, text: str) -> Message:
        """What a line with something in it means."""
        return LineTyped(text)

    def on_paste(self, event: events.Paste) -> None:
        """A pasted text of several lines is one message."""
        event.prevent_default()
        event.stop()
        self.insert_text_at_cursor(clean(event.text.strip()))

    def action_leave(self) -> None:
        self.value = ""
        self.post_message(TypingLeft())


class FileLine(TypeLine):
    """The line in which the transcript's file is named."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Context.FILE, skip=("send",))

    hint = "name of a file: .md, .txt, .srt or .json"
    _proposed = ""

    def propose(self, name: str) -> None:
        """With the cursor before the suffix."""
        self.value, self._proposed = name, PurePath(name).suffix
        self.cursor_position = len(name) - len(self._proposed)

    def typed(self, text: str) -> Message:
        """A suffix that was typed counts, though the proposed one was left behind it."""
        path = Path(text.strip())
        inner = path.with_suffix("")
        left_behind = path.suffix == self._proposed and inner.suffix.lower() in SUFFIXES
        return TranscriptNamed(inner if left_behind else path)
