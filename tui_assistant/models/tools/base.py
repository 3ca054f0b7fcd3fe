"""What a tool is. Packages offer their own by the entry-point group `tui_assistant.tools` (plugins.py)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

DEFAULT_TIMEOUT_S = 15.0  # one waits for the answer in silence; what takes longer must say so itself
LONGEST_LABEL = 80  # characters; it is read on one line
LONGEST_VALUE = 120  # characters of an argument that are read out before the user agrees to it

Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolContext:
    """Of the call: which conversation, and what the user said."""

    session_id: str = ""
    request: str = ""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """`text` is for the model, `spoken` what the user may hear instead where the model finds no words.

    `metadata` tells the client what to follow, as that of the skills (at most 16 pairs, 512 characters each).
    """

    text: str
    spoken: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    failed: bool = False


@dataclass(frozen=True, slots=True)
class OwnTool:
    """A function that runs here. `parameters`: JSON schema of an object; `run` may block, and may raise anything.

    `confirm`: the user is asked before; False is for what changes nothing that one would miss.
    """

    name: str
    description: str
    run: Callable[[Arguments, ToolContext], ToolResult | str]
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})
    confirm: bool = True
    timeout_s: float = DEFAULT_TIMEOUT_S
    say: Callable[[Arguments], str] | None = None  # a call in words: "set a timer for ten seconds"

    def label(self, arguments: Arguments) -> str:
        """The call in a few words, for the screen."""
        return shortened(self.details(arguments))

    def details(self, arguments: Arguments) -> str:
        """The call for the question whether it may be made: each argument is named, what is left out is counted."""
        if self.say is not None:
            return " ".join(self.say(arguments).split())
        values = ", ".join(f"{_cut(str(name))} {_cut(_value(value))}" for name, value in arguments.items())
        return f"{self.name} with {values}" if values else self.name


def shortened(text: str, room: int = LONGEST_LABEL) -> str:
    """One line of at most `room` characters."""
    line = " ".join(text.split())
    return line if len(line) <= room else line[: room - 1] + "…"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    more = len(line) - LONGEST_VALUE
    return line if more <= 0 else f"{line[:LONGEST_VALUE]} and {more} more characters"


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
