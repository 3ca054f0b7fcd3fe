"""What `evaluate` prints: tables for people, objects for programs, and the picture of a grid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from tui_assistant.config import Settings
from tui_assistant.lab import evaluation, tradeoff
from tui_assistant.lab.evaluation import Score, percentile
from tui_assistant.lab.picture import Spot, svg
from tui_assistant.safetext import clean

if TYPE_CHECKING:  # it needs numpy
    from tui_assistant.lab.sweep import Point

COUNTS = ("reference", "found", "missed", "false", "split", "merged")
HEADINGS = ("turns", *COUNTS[1:], "errors", "onset ms", "end ms")
LEGEND = "onset, end: from the labelled beginning and end to the decision, median/p95"
FRONT_LEGEND = "*: no other point has fewer errors and answers sooner"


@dataclass(frozen=True, slots=True)
class Result:
    """All scores: of every file, a list in the order of the points."""

    folder: str
    settings: Settings
    points: Sequence[Point]
    files: Mapping[str, Sequence[Score]]
    totals: Sequence[Score]
    join_ms: int | None

    @classmethod
    def of(
        cls,
        folder: str,
        settings: Settings,
        points: Sequence[Point],
        files: Mapping[str, Sequence[Score]],
        join_ms: int | None,
    ) -> Self:
        totals = [evaluation.total(scores) for scores in zip(*files.values(), strict=True)]
        return cls(folder, settings, points, files, totals, join_ms)


# ------------------------------------------------------------------------------------------------ one point


def table(result: Result) -> list[str]:
    """A line per recording, and the sum."""
    rows = [(clean(name), scores[0]) for name, scores in result.files.items()]
    rows.append(("sum", result.totals[0]))
    lines = [("recording", *HEADINGS), *((name, *cells(score)) for name, score in rows)]
    return [*aligned(lines, 1), f"errors {result.totals[0].errors}", LEGEND]


def data(result: Result) -> dict[str, Any]:
    """Settings, sum and every recording."""
    return {
        "vad": result.settings.models.detector,
        "turn_detection": result.points[0].rules.model_dump(),
        "join_ms": result.join_ms,
        "total": figures(result.totals[0]),
        "files": {name: figures(scores[0]) for name, scores in result.files.items()},
    }


def figures(score: Score) -> dict[str, Any]:
    """Counts, and the latencies in ms; None where no turn matched."""
    values = asdict(score)
    counts = {"errors": score.errors, **{name: values[name] for name in COUNTS}}
    return {**counts, "onset_ms": latency(score.onset_ms), "end_ms": latency(score.end_ms)}


def latency(values: Sequence[float]) -> dict[str, float | int | None]:
    """Of how many turns, the middle one, and those that are slower than 90 and 95 of a hundred."""
    places = {"median": 0.5, "p90": 0.9, "p95": 0.95}
    rounded = {name: percentile(values, fraction) for name, fraction in places.items()}
    return {"turns": len(values), **{name: None if at is None else round(at, 1) for name, at in rounded.items()}}


def cells(score: Score) -> list[str]:
    """A row of a table, under HEADINGS."""
    counts = [str(getattr(score, name)) for name in (*COUNTS, "errors")]
    return [*counts, *(_brief(values) for values in (score.onset_ms, score.end_ms))]


def aligned(rows: Iterable[Sequence[str]], left: int) -> list[str]:
    """Columns of equal width: the first `left` flush left, the others right."""
    rows = list(rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]

    def line(row: Sequence[str]) -> Iterator[str]:
        for column, (cell, width) in enumerate(zip(row, widths, strict=True)):
            yield cell.ljust(width) if column < left else cell.rjust(width)

    return ["  ".join(line(row)).rstrip() for row in rows]


def errors_in_words(count: int) -> str:
    return "1 error" if count == 1 else f"{count} errors"


def _brief(values: Sequence[float]) -> str:
    middle, high = percentile(values, 0.5), percentile(values, 0.95)
    return "-" if middle is None or high is None else f"{middle:.0f}/{high:.0f}"


# ------------------------------------------------------------------------------------------------ a grid


def grid_table(result: Result) -> list[str]:
    """A line per point, and which is best."""
    names = [name for name, _ in result.points[0].values]
    front = tradeoff.front(result.totals)
    lines = [(*names, *HEADINGS, "")]
    for index, (point, total) in enumerate(zip(result.points, result.totals, strict=True)):
        lines.append((*(str(value) for _, value in point.values), *cells(total), "*" if index in front else ""))
    best = tradeoff.best(result.totals)
    words = " ".join(f"{name}={value}" for name, value in result.points[best].values)
    summary = f"fewest errors: {result.totals[best].errors}, {words}"
    return [*aligned(lines, 0), summary, LEGEND, FRONT_LEGEND]


def grid_data(result: Result) -> dict[str, Any]:
    """Every point with its rules, its sum and every recording; `best` is a place in `points`."""
    front = tradeoff.front(result.totals)
    return {
        "vad": result.settings.models.detector,
        "join_ms": result.join_ms,
        "best": tradeoff.best(result.totals),
        "points": [
            {
                "values": dict(point.values),
                "front": index in front,
                "turn_detection": point.rules.model_dump(),
                "total": figures(total),
                "files": {name: figures(scores[index]) for name, scores in result.files.items()},
            }
            for index, (point, total) in enumerate(zip(result.points, result.totals, strict=True))
        ],
    }


def picture(result: Result) -> str:
    """SVG: errors against median end latency, a dot per point."""
    front = tradeoff.front(result.totals)
    names = [name for name, _ in result.points[0].values]
    spots = []
    for index, (point, total) in enumerate(zip(result.points, result.totals, strict=True)):
        wait = tradeoff.median_wait(total)
        if wait is None:
            continue
        words = ", ".join(f"{name} {value}" for name, value in point.values) or "these settings"
        words = f"{words}: {errors_in_words(total.errors)}, {wait:.0f} ms"
        spots.append(Spot(wait, total.errors, _label(point), words, index in front))
    left_out = len(result.points) - len(spots)
    return svg(
        f"Turn detection: errors and latency, {clean(result.folder)}",
        f"{len(result.files)} recordings, {result.settings.models.detector}; a dot: {' / '.join(names) or 'settings'}",
        spots,
        f"Not in the picture: {left_out} of {len(result.points)} points, which found no turn to its end"
        if left_out
        else "",
    )


def _label(point: Point) -> str:
    return " / ".join(str(value) for _, value in point.values) or "settings"
