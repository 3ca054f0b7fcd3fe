"""For all tests: the project's own pytest plugin, also where the package is not installed."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["tui_assistant.testing.plugin"]

TERMINAL = Path(__file__).parent / "terminal"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With several workers (pytest-xdist): what uses displays and sound servers runs in one of them, and begins first,
    because it takes the longest and mostly waits."""
    if getattr(config.option, "dist", "no") != "loadgroup":
        return
    for item in items:
        if TERMINAL in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("terminal"))
    items.sort(key=lambda item: TERMINAL not in item.path.parents)
