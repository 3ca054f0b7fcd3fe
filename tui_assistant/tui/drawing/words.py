"""Words and bars of pages that are read from above to below."""

from __future__ import annotations

from collections.abc import Sequence

from tui_assistant.tui.drawing.runs import Line, merge, wrap

WIDEST_BAR = 40  # cells


def paragraph(words: str, width: int, role: str = "ink") -> list[Line]:
    return [merge([(" ", "dim"), *row]) for row in wrap([(words, role)], max(10, width - 2))]


def marked(sentences: Sequence[str], mark: str, role: str, width: int) -> list[Line]:
    """Each with `mark` before it."""
    lines: list[Line] = []
    for sentence in sentences:
        rows = wrap([(sentence, "ink")], max(10, width - 4))
        lines += [
            merge([(f" {mark} " if number == 0 else "   ", f"bold {role}"), *row]) for number, row in enumerate(rows)
        ]
    return lines


def more(*, above: bool, below: bool) -> str:
    """For the lower border of what shows a part only."""
    return f"{'↑' if above else ''}{'↓' if below else ''} more" if above or below else ""


def bar(done: float, width: int, words: str) -> Line:
    """`done`: 0..1."""
    room = max(4, min(WIDEST_BAR, width - 12))
    full = round(min(1.0, max(0.0, done)) * room)
    return merge([(" ", "dim"), ("━" * full, "voice"), ("─" * (room - full), "faint"), (f"  {words}", "ink")])
