"""Writes the parts of README.md that come from the code: the reach of the protocol, and the engine's states.

`readme_parts.py` puts them between their marks; with `--check` its status says whether they are up to date.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

from tui_assistant.engine.states import DIAGRAMS, mermaid
from tui_assistant.protocol.support import CLIENT_EVENTS, RESPONSE_FIELDS, SERVER_EVENTS, SESSION_FIELDS, Row

README = Path(__file__).parents[2] / "README.md"


def reach() -> str:
    """A table for each kind; rows of the same reach and note share a line."""
    tables = []
    for title, rows in (
        ("client events", CLIENT_EVENTS),
        ("server events", SERVER_EVENTS),
        ("session fields", SESSION_FIELDS),
        ("fields of response.create", RESPONSE_FIELDS),
    ):
        lines = [f"| {title} | |", "|---|---|", *(f"| {names} | {what} |" for names, what in _grouped(rows))]
        tables.append("\n".join(lines))
    return "\n\n".join(tables)


def _grouped(rows: tuple[Row, ...]) -> list[tuple[str, str]]:
    groups: dict[str, list[str]] = {}
    for row in rows:
        what = row.reach.value + (f": {row.note}" if row.note else "")
        groups.setdefault(what.replace("|", "\\|"), []).append(f"`{row.name}`")
    return [(", ".join(names), what) for what, names in groups.items()]


def states() -> str:
    """Mermaid diagrams out of the tables that the engine runs by."""
    return "\n\n".join(f"```mermaid\n{mermaid(diagram).strip()}\n```" for diagram in DIAGRAMS.values())


PARTS: dict[str, Callable[[], str]] = {"reach": reach, "states": states}


def filled(text: str) -> str:
    """`text` with every part renewed. Raises ValueError when a mark is missing."""
    for name, make in PARTS.items():
        pattern = re.compile(rf"(<!-- {name}: [^\n]* -->\n).*?(\n<!-- end of {name} -->)", re.DOTALL)
        text, count = pattern.subn(lambda found, make=make: found[1] + make() + found[2], text)  # type: ignore[misc]
        if count != 1:
            raise ValueError(f"README.md has {count} places for {name}")
    return text


def main(arguments: list[str]) -> int:
    before = README.read_text(encoding="utf-8")
    after = filled(before)
    if "--check" in arguments:
        return 0 if before == after else 1
    README.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
