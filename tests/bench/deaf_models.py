"""A recogniser that hears nothing, so that bench_serve.py measures the server: which sends it all that a real one gets.

Named by path: "deaf_models:recogniser".
"""

from __future__ import annotations

from typing import Any

from tui_assistant.engine.ports import Final, Partial


class Stream:
    """Hears nothing."""

    def accept(self, pcm: bytes) -> Partial | None:
        return None

    def finish(self) -> Final:
        return Final("")

    def close(self) -> None:
        pass


class Deaf:
    name = "deaf"

    def open(self, language: str | None) -> Stream:
        return Stream()


def recogniser(options: dict[str, Any]) -> Deaf:
    return Deaf()
