"""What the server counts: the names, and the cells of a slot that hold them. Labels have a fixed set of values.

A cell is a number in memory that all processes of a server may share, so what a label can say is known beforehand, and
nothing that a client sends becomes a label.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from tui_assistant.host.workers import Port

OTHER = "other"  # a label's value for everything that is not listed
_numbers = itertools.count()


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """One name. A counter with a label has a cell for each of its values; a histogram one per bucket, and its sum."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    label: str = ""
    values: tuple[str, ...] = ("",)
    buckets: tuple[float, ...] = ()  # upper bounds, in seconds
    first: int = field(init=False)  # the index of its first cell

    def __post_init__(self) -> None:
        cells = len(self.buckets) + 2 if self.buckets else len(self.values)
        object.__setattr__(self, "first", next(_numbers))
        for _ in range(cells - 1):
            next(_numbers)

    def cell(self, value: str = "") -> int:
        """Where that value of the label is counted."""
        if value not in self.values:
            value = OTHER
        return self.first + self.values.index(value)


def _counter(name: str, text: str, label: str = "", *values: str) -> Metric:
    return Metric(f"tui_assistant_{name}_total", "counter", text, label, values or ("",))


def _gauge(name: str, text: str) -> Metric:
    return Metric(f"tui_assistant_{name}", "gauge", text)


SESSIONS_OPEN = _gauge("sessions_open", "Sessions that are open.")
SESSIONS = _counter("sessions", "Sessions that have begun.")
TURNS = _counter("turns", "Turns of users that were committed.")
RESPONSES = _counter(
    "responses", "Responses that have ended.", "status", "completed", "cancelled", "failed", "incomplete", OTHER
)
ERRORS = _counter(
    "errors", "Error events that clients were sent.", "code",
    "cannot_update_voice", "conversation_already_has_active_response", "input_audio_buffer_commit_empty",
    "input_audio_buffer_full", "invalid_event", "invalid_tool_call_id", "invalid_value", "item_not_found",
    "missing_required_parameter", "rate_limit_exceeded", "response_cancel_not_active", "session_expired",
    "unknown_parameter", "model_busy", "model_failed", "model_replaced", "model_unavailable", "too_long",
    "worker_died", OTHER,
)  # fmt: skip
AUDIO = _counter("audio_seconds", "Audio of users (in) and of answers (out), in seconds.", "direction", "in", "out")
LATENCY = Metric(
    "tui_assistant_append_to_event_seconds",
    "histogram",
    "From taking an append to having sent the speech_started or speech_stopped that it caused.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0),
)
REFUSED = _counter(
    "refused", "Connections that got no session.", "reason",
    "host", "origin", "token", "header", "path", "draining", "full", OTHER,
)  # fmt: skip
DISCONNECTED = _counter(
    "disconnected", "Sessions that the server ended.", "reason", "slow_reader", "expired", "no_pong", "failed", OTHER
)
MODEL_DEATHS = _counter("model_deaths", "Processes of models that ended unexpectedly.", "model", *Port, OTHER)
RESTARTS = _counter("worker_restarts", "Workers (--workers) that ended unexpectedly and were started again.")
STATE = _gauge("worker_state", "Not shown: a State of board.py.")
BEEN_READY = _gauge("worker_been_ready", "Not shown: 1 once the models of a worker have been loaded.")

SHOWN = (
    SESSIONS_OPEN,
    SESSIONS,
    TURNS,
    RESPONSES,
    ERRORS,
    AUDIO,
    LATENCY,
    REFUSED,
    DISCONNECTED,
    MODEL_DEATHS,
    RESTARTS,
)
CELLS = next(_numbers)


class Counters:
    """The cells of one slot, which one process writes."""

    def __init__(self, cells: memoryview[float]) -> None:
        self._cells = cells

    def add(self, metric: Metric, value: str = "", amount: float = 1) -> None:
        self._cells[metric.cell(value)] += amount

    def set(self, metric: Metric, amount: float) -> None:
        self._cells[metric.first] = amount

    def get(self, metric: Metric, value: str = "") -> float:
        return float(self._cells[metric.cell(value)])

    def observe(self, histogram: Metric, seconds: float) -> None:
        self._cells[histogram.first + bisect_left(histogram.buckets, seconds)] += 1
        self._cells[histogram.first + len(histogram.buckets) + 1] += seconds

    def __iter__(self) -> Iterator[float]:
        return iter(self._cells)
