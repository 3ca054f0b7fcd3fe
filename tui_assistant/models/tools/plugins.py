"""Tools of installed packages: entry points of the group `tui_assistant.tools`, each an OwnTool or a function of them.

[project.entry-points."tui_assistant.tools"]
weather = "my_package:weather"        # an OwnTool, or `def weather() -> OwnTool | list[OwnTool]`
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from tui_assistant.models.registry import describe
from tui_assistant.models.tools.base import OwnTool

GROUP = "tui_assistant.tools"
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")  # what chat servers take as a function's name


def load(found: Iterable[EntryPoint] | None = None) -> tuple[tuple[OwnTool, ...], tuple[str, ...]]:
    """The tools, and one line for each package that is broken; the others work."""
    tools: list[OwnTool] = []
    troubles: list[str] = []
    for entry in sorted(entry_points(group=GROUP) if found is None else found, key=lambda entry: entry.name):
        try:
            tools += _tools(entry.load())
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything; it becomes one line for the user
            troubles.append(f"the tool {entry.name} cannot be loaded: {describe(error)}")
    return tuple(tools), tuple(troubles)


def _tools(value: Any) -> list[OwnTool]:
    made = value if isinstance(value, OwnTool) or not callable(value) else value()
    found = [made] if isinstance(made, OwnTool) else list(made)
    for tool in found:
        if not isinstance(tool, OwnTool):
            raise TypeError(f"{type(tool).__name__} is no OwnTool")
        if not NAME.fullmatch(tool.name):
            raise ValueError(f"{tool.name!r} cannot be a tool's name: letters, digits, _ and -, at most 64")
    return found
