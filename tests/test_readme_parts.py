"""The README's tables and diagrams are those that the code gives."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("readme_parts", ROOT / "assets" / "scripts" / "readme_parts.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_they_are_up_to_date() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert script().filled(text) == text, "run assets/scripts/readme_parts.py"


def test_every_event_is_in_the_table() -> None:
    parts = script()
    for row in (*parts.CLIENT_EVENTS, *parts.SERVER_EVENTS, *parts.SESSION_FIELDS, *parts.RESPONSE_FIELDS):
        assert f"`{row.name}`" in parts.reach()
