"""What a tool is. Packages offer their own by the entry-point group `tui_assistant.tools` (plugins.py)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

DEFAULT_TIMEOUT_S = 15.0  # one waits for the answer in silence; what takes longer must say so itself
LONGEST_LABEL = 80  # characters; it is read on one line, and heard when it has to be confirmed

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
        """The call in a few words, for the screen and for the question whether it may be made."""
        if self.say is not None:
            return shortened(self.say(arguments))
        values = ", ".join(f"{name} {_value(value)}" for name, value in arguments.items())
        return shortened(f"{self.name} with {values}" if values else self.name)


def shortened(text: str, room: int = LONGEST_LABEL) -> str:
    """One line of at most `room` characters."""
    line = " ".join(text.split())
    return line if len(line) <= room else line[: room - 1] + "…"


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
