"""The README's tables and diagrams are those that the code gives; links between the pages lead somewhere."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(str(page.relative_to(ROOT)) for page in (*ROOT.glob("*.md"), *ROOT.glob("assets/docs/*.md")))


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


def anchors(page: Path) -> set[str]:
    """Of its headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", PAGES)
def test_its_links_lead_somewhere(name: str) -> None:
    page = ROOT / name
    links = re.findall(r"\]\((?!https?://)([^)#]*)#?([^)]*)\)", page.read_text(encoding="utf-8"))
    assert links or name != "README.md"
    for path, anchor in links:
        target = page.parent / path if path else page
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), anchor
