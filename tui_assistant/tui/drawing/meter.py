"""The level line: RMS as a bar, the PPM peak as a bright rail, the held peak as a mark."""

from __future__ import annotations

from tui_assistant.runtime.api import Level
from tui_assistant.tui.drawing.runs import Line, Run, merge

FLOOR_DBFS = -60.0  # the left end of the bar: below it a microphone shows only its own noise
WARM_DBFS = -18.0  # loud speech
HOT_DBFS = -6.0  # close to clipping
EIGHTHS = " ▏▎▍▌▋▊▉"
READING_WIDTH = 15  # "-120 dBFS RMS" and two spaces before it
PEAK_WIDTH = 10  # "  peak -60"


def zone(dbfs: float) -> str:
    """The colour of that part of the bar; the figure beside the bar says the same."""
    return "voice" if dbfs < WARM_DBFS else "wait" if dbfs < HOT_DBFS else "warn"


def position(dbfs: float, width: int) -> float:
    """Cells from the left end, 0 to `width`."""
    return min(1.0, max(0.0, (dbfs - FLOOR_DBFS) / -FLOOR_DBFS)) * width


def bar(level: Level, width: int) -> list[Run]:
    """`width` cells of bar, cell by cell; neighbours are not merged."""
    filled = position(level.rms_dbfs, width)
    peak = round(position(level.peak_dbfs, width))
    hold = min(width - 1, round(position(level.hold_dbfs, width)))
    cells: list[Run] = []
    for cell in range(width):
        role = zone(FLOOR_DBFS - (cell + 0.5) / width * FLOOR_DBFS)
        part = int((filled - cell) * 8)
        if part >= 8:
            cells.append(("█", role))
        elif cell == hold and hold > 0:
            cells.append(("┃", role))
        elif part > 0:
            cells.append((EIGHTHS[part], role))
        elif cell < peak:
            cells.append(("─", role))
        else:
            cells.append(("─", "faint"))
    return cells


def meter(level: Level, width: int, *, muted: bool = False, indent: int = 7) -> Line:
    """The whole line: name, bar, figure, held peak (where there is room) or the warning about clipping.

    `indent`: cells of the name, 6 at least.
    """
    name: Run = (f"{'muted' if muted else 'mic':<{indent}}", "warn" if muted else "dim")
    figure = f"  {round(level.rms_dbfs):>4} dBFS RMS" if level.rms_dbfs > -120 else "   -∞ dBFS RMS"
    tail: list[Run] = [(figure.ljust(READING_WIDTH), "ink")]
    room = width - indent - READING_WIDTH
    if level.clipping:
        tail.append(("  ", "dim"))
        tail.append((" CLIPPING ", "on live"))
        room -= 12
    elif room >= 12 + PEAK_WIDTH:
        peak = f"  peak {round(level.hold_dbfs)}" if level.hold_dbfs > FLOOR_DBFS else ""
        tail.append((peak.ljust(PEAK_WIDTH), "dim"))
        room -= PEAK_WIDTH
    return merge([name, *bar(level, max(4, min(room, 40))), *tail])
