"""The named sets of values as a list: name, when to take it, and what it would change."""

from __future__ import annotations

from collections.abc import Sequence

from tui_assistant.client.tuning import Preset, Tuning
from tui_assistant.safetext import clean
from tui_assistant.tui.drawing.runs import Line, crop, merge
from tui_assistant.tui.drawing.tunables import rows_of, words_of

NAME_CHARACTERS = 40  # longer names do not fit beside their values
ROWS_EACH = 2


def changes(preset: Preset, tuning: Tuning) -> tuple[str, ...]:
    """The names of the values that taking it would change, of those that act with its kind of turn detection."""
    after = preset.on(tuning)
    acting = {row.name for row in rows_of(after, advanced=True)}
    return tuple(name for name in tuning.changes(after) if name in acting)


def in_force(preset: Preset, tuning: Tuning) -> bool:
    return not changes(preset, tuning)


def preset_rows(
    presets: Sequence[Preset], tuning: Tuning, cursor: int, width: int, height: int
) -> tuple[list[Line], int]:
    """The visible rows and the number of the first preset; the cursor's is among them. `✓`: its values are in force."""
    room = max(1, height // ROWS_EACH)
    first = max(0, min(cursor - room + 1, len(presets) - room))
    rows: list[Line] = []
    for number in range(first, min(len(presets), first + room)):
        preset, here = presets[number], number == cursor
        name = clean(preset.name, limit=NAME_CHARACTERS)
        head = merge(
            [
                ("▸ " if here else "  ", "voice"),
                ("✓ " if in_force(preset, tuning) else "  ", "voice"),
                (name, "bold voice" if here else "ink"),
                (f"  {clean(preset.words, limit=80)}" if preset.words else "", "dim"),
            ]
        )
        names = changes(preset, tuning)
        values = "  ".join(f"{name} {words_of(preset.on(tuning), name)}" for name in names) or "in force"
        rows += [crop(head, width), crop(((f"    {values}", "dim"),), width)]
    return rows, first
