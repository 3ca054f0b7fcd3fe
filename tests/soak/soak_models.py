"""Models of the soak: what they say can be computed. They run in worker processes, named by path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui_assistant.testing import models
from tui_assistant.testing.models import MS_PER_CHARACTER, RATE, TONE_HZ

ANSWER = "I have heard all of it and I remember every word"


def voice() -> bytes:
    """The whole answer as it must arrive: int16 at RATE."""
    half = RATE // TONE_HZ // 2
    return (b"\x00\x10" * half + b"\x00\xf0" * half) * (TONE_HZ * MS_PER_CHARACTER // 1000) * len(ANSWER)


def recogniser(options: Mapping[str, Any]) -> models.ScriptedRecogniser:
    return models.ScriptedRecogniser(["something that was said"])


def responder(options: Mapping[str, Any]) -> models.ScriptedResponder:
    return models.ScriptedResponder([ANSWER])
