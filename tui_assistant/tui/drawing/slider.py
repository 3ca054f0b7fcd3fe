"""The three fields of server_vad that can be tuned by hand, and one line per slider."""

from __future__ import annotations

from dataclasses import dataclass

from tui_assistant.tui.drawing.runs import Line, Run, crop, merge

NAME_WIDTH = 20
VALUE_WIDTH = 6


@dataclass(frozen=True, slots=True)
class Field:
    """One tunable value: its range, small and big step, and a word on what more of it does."""

    name: str
    low: float
    high: float
    step: float
    leap: float
    decimals: int
    unit: str
    hint: str
    help: str

    def clamp(self, value: float) -> float:
        value = round(min(self.high, max(self.low, value)), self.decimals)
        return value if self.decimals else int(value)

    def words(self, value: float) -> str:
        return f"{value:.{self.decimals}f}"


# 20 ms is finer than a detector frame (32 ms); 100 ms can be heard. The threshold goes up to 1, where no turn begins:
# Silero gives clean speech more than 0.95 in frame after frame, so that a lower top would not be deaf.
FIELDS = (
    Field("threshold", 0.05, 1.0, 0.01, 0.1, 2, "", "noise", "p from which speech begins: higher ignores more noise"),
    Field(
        "silence_duration_ms",
        100,
        2000,
        20,
        100,
        0,
        "ms",
        "patience",
        "pause that ends a turn: higher cuts fewer people off",
    ),
    Field(
        "prefix_padding_ms",
        0,
        1000,
        20,
        100,
        0,
        "ms",
        "pre-roll",
        "audio kept before the onset: higher loses no syllable",
    ),
)


BAR_START = 2 + NAME_WIDTH + VALUE_WIDTH + 4  # the cell where the bar begins: a click behind it sets the value
MAX_BAR, MIN_BAR = 24, 6


def _bar(field: Field, width: int) -> tuple[int, str]:
    """The bar's width, and the hint where there is room for both; a width under MIN_BAR means no bar."""
    room = width - BAR_START
    hint_width = 2 + max(len(other.hint) for other in FIELDS)  # the same for all, so that the bars are in line
    if room >= 14 + hint_width:
        return min(MAX_BAR, room - hint_width), f"  {field.hint}"
    return min(MAX_BAR, room), ""


def slider(field: Field, value: float, width: int, *, chosen: bool, active: bool, typed: str = "") -> Line:
    """`▸ threshold  0.50  ━━━━●────  hint`. `active` False: push-to-talk, the last value dimmed."""
    shown = f"{typed}▏" if typed else field.words(value)
    runs: list[Run] = [
        ("▸ " if chosen else "  ", "voice"),
        (f"{field.name:<{NAME_WIDTH}}", "ink" if chosen and active else "dim"),
        (f"{shown:>{VALUE_WIDTH}}", "bold wait" if typed else "bold ink" if active else "dim"),
        (f" {field.unit:<2} ", "dim"),
    ]
    room, hint = _bar(field, width)
    if room >= MIN_BAR:
        knob = round((field.clamp(value) - field.low) / (field.high - field.low) * (room - 1))
        lit = "faint" if not active else "voice" if chosen else "pad"
        runs += [("━" * knob, lit), ("●", "dim" if not active else "voice" if chosen else "ink")]
        runs += [("─" * (room - 1 - knob), "faint"), (hint, "dim")]
    return crop(merge(runs), width)


def value_at(field: Field, cell: int, width: int) -> float | None:
    """The value under a click in that cell of the line; None beside the bar."""
    room, _ = _bar(field, width)
    if room < MIN_BAR or not BAR_START <= cell < BAR_START + room:
        return None
    part = (cell - BAR_START) / (room - 1)
    steps = round(part * (field.high - field.low) / field.step)
    return field.clamp(field.low + steps * field.step)
