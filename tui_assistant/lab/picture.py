"""A picture of errors against latency, as SVG text: a named dot for each point of a grid, a line for the front."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape

from tui_assistant.lab.labelling import Box, place

WIDTH, HEIGHT = 800, 520
LEFT, RIGHT, TOP, BOTTOM = 70, 30, 64, 62  # room for the words around the plot
PLOT = Box(LEFT, TOP, WIDTH - RIGHT, HEIGHT - BOTTOM)
TICKS = 6  # about so many an axis
DOT = 4.0
INK, PALE, GRID, FRONT, GROUND = "#1c2430", "#5b6675", "#dfe4ea", "#0b63c5", "#ffffff"  # text on white: over 5:1
NARROWEST_MS = 50.0  # across: a millisecond must not look like a difference
STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Spot:
    """One point of a grid."""

    wait_ms: float  # median end latency
    errors: int
    label: str  # beside the dot
    words: str  # what a screen reader, or a pointer over the dot, tells
    front: bool  # none has fewer errors and answers sooner


def svg(title: str, subtitle: str, spots: Sequence[Spot], note: str = "") -> str:
    """A whole SVG 1.1 document. All texts may hold anything: what XML does not allow is replaced."""
    across = _ticks(min((spot.wait_ms for spot in spots), default=0), max((spot.wait_ms for spot in spots), default=1))
    up = _ticks(0, max((spot.errors for spot in spots), default=1), whole=True)
    places = [_at(spot, across, up) for spot in spots]
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
            ' role="img" aria-labelledby="title desc" font-family="sans-serif" font-size="12">',
            f'<title id="title">{text(title)}</title>',
            f'<desc id="desc">{text(_description(spots, note))}</desc>',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{GROUND}"/>',
            _words(LEFT, 26, _cut(title, 80), INK, size=16),
            _words(LEFT, 46, _cut(subtitle, 110), PALE),
            *_axes(across, up),
            *_front(spots, places),
            *_dots(spots, places),
            _words(LEFT, HEIGHT - 8, _cut(note, 110), PALE) if note else "",
            "</svg>\n",
        )
    )


def text(value: str) -> str:
    """Foreign text as XML text: escaped, and what XML 1.0 has no character for (section 2.2) is U+FFFD."""
    return escape("".join(each if _allowed(ord(each)) else "�" for each in value), {'"': "&quot;"})


def _allowed(code: int) -> bool:
    return code in (0x9, 0xA, 0xD) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000


def _description(spots: Sequence[Spot], note: str) -> str:
    front = sorted((spot for spot in spots if spot.front), key=lambda spot: spot.wait_ms)
    best = "; ".join(f"{spot.words}" for spot in front) or "none"
    return f"Errors against median end latency at {len(spots)} points. The best trade-offs: {best}. {note}".strip()


def _ticks(low: float, high: float, *, whole: bool = False) -> list[float]:
    """Round numbers around the range, at least two."""
    narrow = 0.0 if whole else max(0.0, NARROWEST_MS - (high - low)) / 2
    low, high = low - narrow, high + narrow
    raw = max(high - low, 1.0) / TICKS
    unit = 10 ** math.floor(math.log10(raw))
    step = next(unit * each for each in STEPS if unit * each >= raw * (1 - 1e-9))
    step = max(1.0, math.ceil(step)) if whole else step
    first, last = math.floor(low / step), math.floor(high / step) + 1  # nothing lies on the right or upper edge
    return [index * step for index in range(first, last + 1)]


def _at(spot: Spot, across: Sequence[float], up: Sequence[float]) -> tuple[float, float]:
    return _x(spot.wait_ms, across), _y(spot.errors, up)


def _x(value: float, ticks: Sequence[float]) -> float:
    return PLOT.left + (PLOT.right - PLOT.left) * (value - ticks[0]) / (ticks[-1] - ticks[0])


def _y(value: float, ticks: Sequence[float]) -> float:
    return PLOT.bottom - (PLOT.bottom - PLOT.top) * (value - ticks[0]) / (ticks[-1] - ticks[0])


def _axes(across: Sequence[float], up: Sequence[float]) -> Iterator[str]:
    for value in across:
        x = _x(value, across)
        yield _line(x, PLOT.top, x, PLOT.bottom, GRID)
        yield _words(x, PLOT.bottom + 17, f"{value:g}", PALE, anchor="middle")
    for value in up:
        y = _y(value, up)
        yield _line(PLOT.left, y, PLOT.right, y, GRID)
        yield _words(PLOT.left - 8, y + 4, f"{value:g}", PALE, anchor="end")
    middle = (PLOT.left + PLOT.right) / 2
    yield _words(
        middle, PLOT.bottom + 36, "from the end of the speech to the decision, median, ms", INK, anchor="middle"
    )
    y = (PLOT.top + PLOT.bottom) / 2
    yield f'<g transform="rotate(-90 24 {y:g})">{_words(24, y, "errors", INK, anchor="middle")}</g>'


def _front(spots: Sequence[Spot], places: Sequence[tuple[float, float]]) -> Iterator[str]:
    """Stairs: between two trade-offs nobody gets the errors of the right one with the latency of the left one."""
    corners = _corners(spots, places)
    if len(corners) < 2:
        return
    path = [f"M{corners[0][0]:.1f} {corners[0][1]:.1f}"]
    path += [f"H{x:.1f}V{y:.1f}" for x, y in corners[1:]]
    yield f'<path d="{"".join(path)}" fill="none" stroke="{FRONT}" stroke-width="1.5" stroke-dasharray="5 3"/>'


def _corners(spots: Sequence[Spot], places: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    return sorted({place for spot, place in zip(spots, places, strict=True) if spot.front})


def _stairs(corners: Sequence[tuple[float, float]]) -> Iterator[Box]:
    for (x1, y1), (x2, y2) in pairwise(corners):
        yield Box(x1, y1 - 1, x2, y1 + 1)
        yield Box(x2 - 1, min(y1, y2), x2 + 1, max(y1, y2))


def _dots(spots: Sequence[Spot], places: Sequence[tuple[float, float]]) -> Iterator[str]:
    """Points that fall together are one dot with one label; the front comes first, so that its labels have room."""
    together: dict[tuple[float, float], list[Spot]] = {}
    for spot, at in zip(spots, places, strict=True):
        together.setdefault(at, []).append(spot)
    ordered = sorted(together.items(), key=lambda item: (not item[1][0].front, item[0]))
    labels = [_shared_label(each) for _, each in ordered]
    boxes = place([at for at, _ in ordered], labels, PLOT, DOT, lines=[*_stairs(_corners(spots, places))])
    for (at, each), label, box in zip(ordered, labels, boxes, strict=True):
        front = each[0].front
        colour, inside = (FRONT, FRONT) if front else (PALE, GROUND)
        yield f"<g><title>{text('; '.join(spot.words for spot in each))}</title>"
        if box is not None:
            yield from _label(at, label, box, colour, bold=front)
        yield f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{DOT:g}" fill="{inside}" stroke="{colour}"/>'
        yield "</g>"


def _label(at: tuple[float, float], label: str, box: Box, colour: str, *, bold: bool) -> Iterator[str]:
    x = min(max(at[0], box.left), box.right)
    y = min(max(at[1], box.top), box.bottom)
    if math.hypot(x - at[0], y - at[1]) > 2.5 * DOT:  # not beside its dot: a line leads there
        yield _line(at[0], at[1], x, y, PALE, width=0.5)
    yield _words(box.left, box.bottom - 3, label, colour, size=11, bold=bold, halo=True)


def _shared_label(spots: Sequence[Spot]) -> str:
    more = f" +{len(spots) - 1}" if len(spots) > 1 else ""
    return spots[0].label + more


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 1) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width:g}"/>'


def _words(
    x: float,
    y: float,
    words: str,
    colour: str,
    *,
    anchor: str = "start",
    size: int = 12,
    bold: bool = False,
    halo: bool = False,
) -> str:
    more = ' font-weight="bold"' if bold else ""
    more += f' stroke="{GROUND}" stroke-width="3" paint-order="stroke"' if halo else ""  # lines stop before the letters
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" font-size="{size}" text-anchor="{anchor}"{more}>'
        f"{text(words)}</text>"
    )


def _cut(words: str, longest: int) -> str:
    return words if len(words) <= longest else words[: longest - 1] + "…"
