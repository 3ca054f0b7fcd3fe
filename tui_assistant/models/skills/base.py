"""What a skill is."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .notebook import Notebook
    from .slots import Slot, Value
    from .timerbook import TimerBook

Arguments = Mapping[str, "Value"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a skill says (may be empty) and what it tells the client: at most 16 pairs, values up to 512 characters."""

    text: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    follow_up: str = ""  # words that complete the next request, when that alone is no command ("set a timer for")


@dataclass(frozen=True, slots=True)
class Context:
    """What a handler may look at and change."""

    session_id: str
    now: Callable[[], datetime]  # local time, with its zone
    timers: TimerBook
    notes: Notebook
    last_answer: str = ""  # what the assistant said before
    request: str = ""  # as it was heard or typed


@dataclass(frozen=True, slots=True)
class Parameter:
    """`slot` finds the value in a sentence; the description and the limits are for a language model."""

    name: str
    slot: Slot
    description: str
    required: bool = True
    minimum: float | None = None
    maximum: float | None = None

    def schema(self) -> dict[str, object]:
        schema: dict[str, object] = {"type": self.slot.json_type, "description": self.description}
        if self.slot.choices:
            schema["enum"] = list(self.slot.choices)
        if self.minimum is not None:
            schema["minimum"] = self.minimum
        if self.maximum is not None:
            schema["maximum"] = self.maximum
        return schema


@dataclass(frozen=True, slots=True)
class Skill:
    """`phrases` are templates: [optional] (this|that) {parameter}. `restate` completes "Did you mean: ...?"."""

    name: str
    description: str
    phrases: tuple[str, ...]
    handler: Callable[[Arguments, Context], Outcome]
    restate: Callable[[Arguments], str]
    parameters: tuple[Parameter, ...] = ()
    destructive: bool = False  # deletes something: done only when the request was clear
    chatter: bool = False  # small talk: nothing to confirm, so an unsure match is no match
    weight: float = 1.0  # how often it is asked for, against the other skills, for the language model
    # Words for parameters that have to fit each other (units of one kind); others are made up by their slots.
    say: Callable[[random.Random], Mapping[str, str]] | None = None

    def schema(self) -> dict[str, object]:
        """JSON schema of the arguments."""
        return {
            "type": "object",
            "properties": {parameter.name: parameter.schema() for parameter in self.parameters},
            "required": [parameter.name for parameter in self.parameters if parameter.required],
            "additionalProperties": False,
        }

    def parameter(self, name: str) -> Parameter:
        return next(parameter for parameter in self.parameters if parameter.name == name)


@dataclass(frozen=True, slots=True)
class Intent:
    """A request understood: `confidence` 0..1 is the share of the phrase and of the request that agree."""

    skill: Skill
    arguments: Arguments
    confidence: float


def text_of(arguments: Arguments, name: str) -> str:
    return str(arguments.get(name, "")).strip()


def number_of(arguments: Arguments, name: str) -> float | None:
    """None where it is missing, no number, or not finite (a language model may send anything)."""
    try:
        value = float(arguments[name])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return value if abs(value) < 1e15 else None
