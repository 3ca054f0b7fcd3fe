"""One line per tunable value: `name value`, then a bar with a knob, or the words to choose from."""

from __future__ import annotations

from tui_assistant.tui.drawing.runs import Line, Run, crop, merge
from tui_assistant.tui.drawing.tunables import FIELDS, FINE, Choice, Field, Row

NAME_WIDTH = 20
VALUE_WIDTH = 6
BAR_START = 2 + NAME_WIDTH + VALUE_WIDTH + 4  # the cell where the bar begins: a click behind it sets the value
MAX_BAR, MIN_BAR = 24, 6
NARROW_START = 18  # the cell where a choice's words begin where there is no room for its value before them, too
PENDING = "…"  # behind a value that the session has not confirmed
HINT_WIDTH = 2 + max(len(field.hint) for field in (*FIELDS, *FINE))  # the same for all, so that the bars are in line


def _bar(field: Field, width: int) -> tuple[int, str]:
    """The bar's width, and the hint where there is room for both; a width under MIN_BAR means no bar."""
    room = width - BAR_START
    if room >= 14 + HINT_WIDTH:
        return min(MAX_BAR, room - HINT_WIDTH), f"  {field.hint}"
    return min(MAX_BAR, room), ""


def slider(
    row: Row, value: float | str, width: int, *, chosen: bool, active: bool, typed: str = "", pending: bool = False
) -> Line:
    """`▸ threshold  0.50  ━━━━●────  hint`. `active` False: not in force in this mode, dimmed. `pending`: changed
    here, and not confirmed."""
    label = row.label if isinstance(row, Choice) else row.name
    mark = PENDING if pending else " "
    if isinstance(row, Choice) and _options_start(row, width) == NARROW_START:
        name = [("▸ " if chosen else "  ", "voice"), (label, "ink" if chosen and active else "dim"), (mark, "wait")]
        gap = " " * (NARROW_START - 3 - len(label))
        return crop(merge([*name, (gap, "dim"), *_options(row, str(value), active=active)]), width)
    shown = f"{typed}▏" if typed else row.words(value) if isinstance(row, Field) else str(value)
    room = NAME_WIDTH + VALUE_WIDTH - len(label)
    role = "bold wait" if typed or pending else "bold ink" if active else "dim"
    runs: list[Run] = [
        ("▸ " if chosen else "  ", "voice"),
        (label, "ink" if chosen and active else "dim"),
        (f"{shown:>{room}}", role),
        (mark, "wait"),
        (f"{row.unit if isinstance(row, Field) else '':<2} ", "dim"),
    ]
    runs += (
        _track(row, float(value), width, chosen=chosen, active=active)
        if isinstance(row, Field)
        else _options(row, str(value), active=active)
    )
    return crop(merge(runs), width)


def _track(field: Field, value: float, width: int, *, chosen: bool, active: bool) -> list[Run]:
    room, hint = _bar(field, width)
    if room < MIN_BAR:
        return []
    knob = round((field.clamp(value) - field.low) / (field.high - field.low) * (room - 1))
    lit = "faint" if not active else "voice" if chosen else "pad"
    return [
        ("━" * knob, lit),
        ("●", "dim" if not active else "voice" if chosen else "ink"),
        ("─" * (room - 1 - knob), "faint"),
        (hint, "dim"),
    ]


def _options_start(choice: Choice, width: int) -> int:
    words = sum(len(option) + 4 for option in choice.options) - 2
    return BAR_START if BAR_START + words <= width else NARROW_START


def _options(choice: Choice, value: str, *, active: bool) -> list[Run]:
    """`○ low  ● medium  ○ high`: the mark is filled, so that no colour is needed."""
    runs: list[Run] = []
    for option in choice.options:
        here = option == value
        role = ("bold ink" if active else "dim") if here else "dim"
        runs += [("● " if here else "○ ", role), (option, role), ("  ", "dim")]
    return runs


def value_at(row: Row, cell: int, width: int) -> float | str | None:
    """The value under a click in that cell of the line; None beside the bar and the words."""
    if isinstance(row, Choice):
        start = _options_start(row, width)
        for option in row.options:
            end = start + len(option) + 2
            if start <= cell < min(end, width):
                return option
            start = end + 2
        return None
    room, _ = _bar(row, width)
    if room < MIN_BAR or not BAR_START <= cell < BAR_START + room:
        return None
    part = (cell - BAR_START) / (room - 1)
    steps = round(part * (row.high - row.low) / row.step)
    return row.clamp(row.low + steps * row.step)
