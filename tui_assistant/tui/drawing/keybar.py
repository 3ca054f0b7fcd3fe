"""The key bar: ` space talk  m mode ...`, with each key as a cap; the rightmost that has no room is left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.cells import cell_len

from tui_assistant.tui.drawing.runs import Line, Run, merge


@dataclass(frozen=True, slots=True)
class Cap:
    """One entry. `keep`: stays when others must go."""

    label: str
    name: str
    action: str
    keep: bool = False
    look: str = "key"  # roles of the key and of its word
    role: str = "dim"


@dataclass(frozen=True, slots=True)
class Span:
    """Where an entry stands, for a click."""

    start: int
    end: int
    action: str


def keybar(caps: Iterable[Cap], width: int) -> tuple[Line, tuple[Span, ...]]:
    chosen = list(caps)
    while len(chosen) > 1 and sum(_size(cap) for cap in chosen) > width + 1:
        droppable = [cap for cap in chosen if not cap.keep] or chosen
        chosen.remove(droppable[-1])
    runs: list[Run] = []
    spans: list[Span] = []
    at = 0
    for cap in chosen:
        runs += [(f" {cap.label} ", cap.look), (cap.name, cap.role), (" ", "dim")]
        spans.append(Span(at, at + _size(cap) - 1, cap.action))
        at += _size(cap)
    return merge(runs), tuple(spans)


def _size(cap: Cap) -> int:
    return cell_len(cap.label) + cell_len(cap.name) + 3
