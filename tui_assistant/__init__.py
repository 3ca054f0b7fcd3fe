"""A voice assistant in the terminal, and the local Realtime engine that it runs on.

    from tui_assistant import TurnDetector, ServerVad

The public names are resolved when they are first used, so that `import tui_assistant` itself loads nothing heavy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tui_assistant.host.detector import TurnDetector as TurnDetector
    from tui_assistant.host.session import Session as Session
    from tui_assistant.protocol.server import SpeechStarted as SpeechStarted
    from tui_assistant.protocol.server import SpeechStopped as SpeechStopped
    from tui_assistant.protocol.session import SemanticVad as SemanticVad
    from tui_assistant.protocol.session import ServerVad as ServerVad

__version__ = "0.1.0"

_HOMES = {
    "TurnDetector": "tui_assistant.host.detector",
    "Session": "tui_assistant.host.session",
    "ServerVad": "tui_assistant.protocol.session",
    "SemanticVad": "tui_assistant.protocol.session",
    "SpeechStarted": "tui_assistant.protocol.server",
    "SpeechStopped": "tui_assistant.protocol.server",
}

__all__ = ["SemanticVad", "ServerVad", "Session", "SpeechStarted", "SpeechStopped", "TurnDetector", "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
