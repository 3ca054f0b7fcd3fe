"""Which of many scores are worth a look: errors on one side, how long an answer waits on the other."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tui_assistant.lab.evaluation import Score, percentile


def front(totals: Sequence[Score]) -> frozenset[int]:
    """The points that no other beats in both errors and median end latency (equal ones all belong to it)."""
    places = [(wait, total.errors) for total in totals if (wait := median_wait(total)) is not None]
    kept: list[tuple[float, int]] = []
    for wait, errors in sorted(set(places)):
        if not kept or errors < kept[-1][1]:
            kept.append((wait, errors))
    return frozenset(index for index, total in enumerate(totals) if (median_wait(total), total.errors) in kept)


def best(totals: Sequence[Score]) -> int:
    """The point with the fewest errors; among equals the one that answers soonest, then the first."""

    def order(index: int) -> tuple[int, float, int]:
        wait = median_wait(totals[index])
        return totals[index].errors, math.inf if wait is None else wait, index

    return min(range(len(totals)), key=order)


def median_wait(total: Score) -> float | None:
    """The end latency of the middle turn, in ms; None when no turn has one."""
    return percentile(total.end_ms, 0.5)
