"""All that an object knows, as plain values: two digests are equal when nothing has changed."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from enum import Enum
from typing import Any

import numpy as np
from pydantic import BaseModel

from tui_assistant.engine.ids import Ids

_PLAIN = str | int | float | bytes | None


def digest(value: Any) -> Any:
    """Of engine objects by their fields, with or without slots; ids of events may be used up by an error."""
    if isinstance(value, _PLAIN | Enum | BaseModel):
        return value
    if isinstance(value, bytearray):
        return bytes(value)
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if isinstance(value, Ids):
        return {kind: count for kind, count in value._counts.items() if kind != "event"}, frozenset(value._taken)
    if isinstance(value, Mapping):
        return {key: digest(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | deque | set | frozenset):
        return [digest(inner) for inner in value]
    if callable(value):
        return None
    slots = (name for cls in type(value).__mro__ for name in getattr(cls, "__slots__", ()))
    names = [*getattr(value, "__dict__", ()), *(name for name in slots if hasattr(value, name))]
    return {name: digest(getattr(value, name)) for name in names}
