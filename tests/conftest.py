"""For all tests: the project's own pytest plugin, also where the package is not installed."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["tui_assistant.testing.plugin"]

TERMINAL = Path(__file__).parent / "terminal"
KEYS = "test_keys"  # begins the names of the files whose tests hold keys in windows: their times must be right


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With several workers (pytest-xdist): what uses sound servers runs in one of them, what holds keys in another.

    They begin first, because they take the longest and mostly wait.
    """
    if getattr(config.option, "dist", "no") != "loadgroup":
        return
    order = {"sound": 0, "keys": 1, "": 2}
    group = {item: _group(item) for item in items}
    for item, name in group.items():
        if name:
            item.add_marker(pytest.mark.xdist_group(name))
    items.sort(key=lambda item: order[group[item]])


def _group(item: pytest.Item) -> str:
    if TERMINAL not in item.path.parents:
        return ""
    return "keys" if item.path.name.startswith(KEYS) else "sound"
