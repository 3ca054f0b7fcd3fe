"""The counters as Prometheus reads them: the text format, version 0.0.4."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

from tui_assistant.server.metrics import SHOWN, Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def exposition(cells: Sequence[float]) -> str:
    """All metrics; `cells` as Board.cells has them."""
    return "".join(f"{line}\n" for metric in SHOWN for line in _lines(metric, cells))


def _lines(metric: Metric, cells: Sequence[float]) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.help}"
    yield f"# TYPE {metric.name} {metric.kind}"
    if metric.kind == "histogram":
        counts = list(accumulate(cells[metric.first : metric.first + len(metric.buckets) + 1]))
        for bound, count in zip((*map(str, metric.buckets), "+Inf"), counts, strict=True):
            yield f'{metric.name}_bucket{{le="{bound}"}} {_number(count)}'
        yield f"{metric.name}_sum {_number(cells[metric.first + len(counts)])}"
        yield f"{metric.name}_count {_number(counts[-1])}"
        return
    for index, value in enumerate(metric.values):
        label = f'{{{metric.label}="{value}"}}' if metric.label else ""
        yield f"{metric.name}{label} {_number(cells[metric.first + index])}"


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)
