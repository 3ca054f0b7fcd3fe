"""The best synthesiser that is to be had on this machine: no server is asked, and nothing is downloaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui_assistant.engine.ports import Synthesiser
from tui_assistant.models import registry
from tui_assistant.models.registry import NEXT_BEST, Port


def create(options: Mapping[str, Any]) -> Synthesiser:
    """Raises ModelError where there is none."""
    made = registry.first(Port.SYNTHESISER, "", {}, NEXT_BEST[Port.SYNTHESISER])
    return made  # type: ignore[no-any-return]  # what the registry makes for a port is that port's
