"""The level line: RMS as a bar, the PPM peak as a bright rail, the held peak and the noise floor as marks; below it
what they are in figures, and the gain."""

from __future__ import annotations

from tui_assistant.runtime.api import Level
from tui_assistant.tui.drawing.runs import Line, Run, merge

FLOOR_DBFS = -60.0  # the left end of the bar: below it a microphone shows only its own noise
WARM_DBFS = -18.0  # loud speech
HOT_DBFS = -6.0  # close to clipping
EIGHTHS = " ▏▎▍▌▋▊▉"
MOST_ERLE_DB = 60  # shown: beyond that nothing is left of the echo but the last bits
READING_WIDTH = 15  # "-120 dBFS RMS" and two spaces before it
PEAK_WIDTH = 12  # "  peak -60", or "   CLIPPING ": the bar keeps its width
NO_SOUND_DBFS = -120.0  # what the figures say of samples that are all zero
NO_FLOOR_DBFS = -119.5  # below: nothing quiet has been heard yet
FLOOR_MARK = "╷"
MOST_BAR = 40


def zone(dbfs: float) -> str:
    """The colour of that part of the bar; the figure beside the bar says the same."""
    return "voice" if dbfs < WARM_DBFS else "wait" if dbfs < HOT_DBFS else "warn"


def position(dbfs: float, width: int) -> float:
    """Cells from the left end, 0 to `width`."""
    return min(1.0, max(0.0, (dbfs - FLOOR_DBFS) / -FLOOR_DBFS)) * width


def floor_cell(noise_floor_dbfs: float, width: int) -> int | None:
    """Where in the bar the noise floor is marked; None while it is not known."""
    if noise_floor_dbfs < NO_FLOOR_DBFS:
        return None
    return min(width - 1, int(position(noise_floor_dbfs, width)))


def bar(level: Level, width: int, noise_floor_dbfs: float = -120.0) -> list[Run]:
    """`width` cells of bar, cell by cell; neighbours are not merged."""
    floor = floor_cell(noise_floor_dbfs, width)
    filled = position(level.rms_dbfs, width)
    peak = round(position(level.peak_dbfs, width))
    hold = min(width - 1, round(position(level.hold_dbfs, width)))
    cells: list[Run] = []
    for cell in range(width):
        role = zone(FLOOR_DBFS - (cell + 0.5) / width * FLOOR_DBFS)
        part = int((filled - cell) * 8)
        if cell == floor:
            cells.append((FLOOR_MARK, f"cut {role}" if part >= 8 else "ink"))
        elif part >= 8:
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


def meter(
    level: Level,
    width: int,
    *,
    muted: bool = False,
    indent: int = 7,
    noise_floor_dbfs: float = -120.0,
    gain_db: float = 0,
) -> Line:
    """The whole line: name, bar, figure, held peak (where there is room) or the warning about clipping.

    `indent`: cells of the name, 6 at least. `gain_db`: of the microphone; shown here when it is not 0, where there is
    room.
    """
    name: Run = (f"{'muted' if muted else 'mic':<{indent}}", "warn" if muted else "dim")
    figure = f"  {round(level.rms_dbfs):>4} dBFS RMS" if level.rms_dbfs > NO_SOUND_DBFS else "   -∞ dBFS RMS"
    tail: list[Run] = [(figure.ljust(READING_WIDTH), "ink")]
    room = width - indent - READING_WIDTH
    if level.clipping:
        tail.append(("  ", "dim"))
        tail.append((" CLIPPING ", "on live"))
        room -= PEAK_WIDTH
    elif room >= 12 + PEAK_WIDTH:
        peak = f"  peak {round(level.hold_dbfs)}" if level.hold_dbfs > FLOOR_DBFS else ""
        tail.append((peak.ljust(PEAK_WIDTH), "dim"))
        room -= PEAK_WIDTH
    gain = f" {gain_db:+.0f} dB" if round(gain_db) else ""
    if gain and room >= 12 + len(gain):
        tail.append((gain, "dim"))
        room -= len(gain)
    return merge([name, *bar(level, max(4, min(room, MOST_BAR)), noise_floor_dbfs), *tail])


def meter_notes(
    noise_floor_dbfs: float, gain_db: float, width: int, *, erle_db: float | None = None, indent: int = 7
) -> Line:
    """The line below the meter: `▴ noise -58 dBFS` under its mark, and the gain at the right.

    While an echo canceller works, its ERLE stands in the gain's place.
    """
    room = max(4, min(width - indent - READING_WIDTH - PEAK_WIDTH, MOST_BAR))
    at = floor_cell(noise_floor_dbfs, room)
    noise = f"▴ noise {round(noise_floor_dbfs)} dBFS" if at is not None else "  noise floor: listening"
    start = indent + min(at or 0, max(0, width - indent - len(noise) - 18))
    gain = f"gain {gain_db:+.1f} dB" if erle_db is None else f"ERLE {min(round(erle_db), MOST_ERLE_DB)} dB"
    left = " " * start + noise
    if len(left) + 2 + len(gain) > width:
        return ((left[:width], "dim"),)
    return ((left.ljust(indent + room + 2) + gain if len(left) < indent + room else f"{left}  {gain}", "dim"),)
