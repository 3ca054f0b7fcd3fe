"""For all tests: the project's own pytest plugin, also where the package is not installed."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["tui_assistant.testing.plugin", "pytester", "leaks", "blocking"]

TERMINAL = Path(__file__).parent / "terminal"
# What these test goes by the clock on the wall: devices, terminals, processes, sockets. On a machine with other work
# such a test gets a second try, and the closing line counts it ("rerun"). What is pure has one try only.
BY_THE_CLOCK = (
    *("terminal", "audio", "server", "runtime", "links", "conformance", "host", "tui", "models", "commands", "bench"),
    *("soak", "test_cli", "test_guards", "test_canary"),
)
APP_SOAK = "soak/test_app.py"  # it has sound servers, too
KEYS = "test_keys"  # begins the names of the files whose tests hold keys in windows: their times must be right


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A second try for what goes by the clock; and with several workers (pytest-xdist), who shares one.

    What uses sound servers runs in one of them, what holds keys in another. They begin first, because they take the
    longest and mostly wait.
    """
    for item in items:
        by_the_clock = item.path.relative_to(TERMINAL.parent).parts[0].startswith(BY_THE_CLOCK)
        if by_the_clock and not item.get_closest_marker("soak"):  # of an hour that fails one wants to know why, at once
            item.add_marker(pytest.mark.flaky(reruns=1))
    if getattr(config.option, "dist", "no") != "loadgroup":
        return
    order = {"sound": 0, "keys": 1, "": 2}
    group = {item: _group(item) for item in items}
    for item, name in group.items():
        if name:
            item.add_marker(pytest.mark.xdist_group(name))
    items.sort(key=lambda item: order[group[item]])


def _group(item: pytest.Item) -> str:
    if item.path.match(APP_SOAK):
        return "sound"
    if TERMINAL not in item.path.parents:
        return ""
    return "keys" if item.path.name.startswith(KEYS) else "sound"
