"""What the talk keys are called: as Textual names them, and as the screen does."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

SHORT = {"escape": "esc", "pageup": "pgup", "pagedown": "pgdn", "delete": "del", "insert": "ins"}


@dataclass(frozen=True, slots=True)
class TalkKeys:
    """Names as Textual's; `talk_label` and `toggle_label` are for the screen."""

    talk: str = "space"
    toggle: str = "f2"

    @property
    def talk_label(self) -> str:
        return label(self.talk)

    @property
    def toggle_label(self) -> str:
        return label(self.toggle)


DEFAULT_KEYS = TalkKeys()


def label(key: str) -> str:
    """`space`, `F2`, `ctrl+t`, `?` for question_mark."""
    *modifiers, last = key.split("+") if len(key) > 1 else [key]
    if last[:1] == "f" and last[1:].isdigit():
        last = last.upper()
    elif len(last) > 1 and last != "space":
        last = SHORT.get(last, last)
        try:  # Textual names a character by its Unicode name; that of a control character is an ordinary key's
            character = unicodedata.lookup(last.replace("_", " "))
        except KeyError:
            character = ""
        last = character if character.isprintable() and character else last
    return "+".join([*modifiers, last])
