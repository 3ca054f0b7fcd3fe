"""A unified diff as lines: what comes with a plus, what goes with a minus, so that no colour is needed."""

from __future__ import annotations

from tui_assistant.safetext import clean
from tui_assistant.tui.drawing.runs import EMPTY, Line, wrap

MOST_LINES = 400  # of a settings file; longer ones are cut, and that is said


def diff_lines(diff: str, width: int) -> list[Line]:
    """`diff` is foreign text: it quotes the user's file. Empty: nothing would change."""
    if not diff.strip():
        return [EMPTY, ((" config.toml has these values already: there is nothing to save.", "ink"),)]
    lines: list[Line] = []
    rows = clean(diff, lines=True).splitlines()
    for row in rows[:MOST_LINES]:
        lines.extend(wrap(((f" {row}", _role(row)),), width))
    if len(rows) > MOST_LINES:
        lines.append(((f" ... and {len(rows) - MOST_LINES} more lines", "dim"),))
    return lines


def _role(row: str) -> str:
    if row.startswith(("---", "+++", "@@")):
        return "dim"
    return {"+": "voice", "-": "warn"}.get(row[:1], "ink")
