"""What a terminal's auto-repeat is like, learned from holds: how long to wait for a repeat that does not come. Pure.

A held key is a press, a pause (400 to 660 ms measured; 225 to 800 can be set), then a repeat every 25 to 40 ms (90 ms
on some systems). A network or a busy program hands repeats over in bursts: nothing for a while, then several at once.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections import deque
from dataclasses import dataclass

LONGEST_FIRST_MS = 800.0  # later than this no repeat is waited for: longer pauses before the first one are not in use
SHORTEST_FIRST_MS = 200.0  # a second pulse sooner than this is a double tap, not a repeat
FIRST_MARGIN = 1.25  # a first repeat may come this much later than the latest usual one, and
FIRST_SLACK_MS = 50.0  # by this

SHORTEST_WINDOW_MS = 150.0  # shorter gains nothing that is noticed, and one hiccup of the scheduler would end a hold
LONGEST_WINDOW_MS = 500.0  # the safe guess, and as long as a released key may go unnoticed
SPREAD_FACTOR, SLACK_MS = 1.5, 40.0  # beyond the 95th percentile; found by tests/client/test_hold_simulated.py
FEWEST = 6  # gaps before anything is concluded
ENOUGH = 150  # gaps after which the window follows the figures alone: 1 such sample in 2000 misses a hiccup of 5 %
KEPT = 200  # gaps remembered: some seconds of holding
BURST_MS = 6.0  # pulses closer than this were held up together; the fastest repeat in use is 10 ms
FORGET = 0.1  # share of a fall of the 95th percentile that one hold takes over; a rise counts at once


@dataclass(frozen=True, slots=True)
class Learned:
    """What this terminal's auto-repeat is like, in milliseconds; 0: not known yet."""

    first_ms: float = 0.0  # from the press to the first repeat: the longest usual one
    median_ms: float = 0.0  # between repeats
    p95_ms: float = 0.0


class Repeats:
    """Learns from the pulses of each hold. `learned` is what is stored between runs."""

    def __init__(self, learned: Learned) -> None:
        self.learned = learned
        self._gaps: deque[float] = deque(maxlen=KEPT)
        self._seen = ENOUGH if learned.median_ms > 0 else 0
        self._pulses: list[float] = []
        self._fresh = False

    @property
    def first_window_ms(self) -> float:
        """How long a pulse may stay alone before it was a tap."""
        if not self.learned.first_ms:
            return LONGEST_FIRST_MS
        return min(LONGEST_FIRST_MS, self.learned.first_ms * FIRST_MARGIN + FIRST_SLACK_MS)

    @property
    def window_ms(self) -> float:
        """How long a held key may stay silent before it was let go."""
        if self._seen < FEWEST:
            return LONGEST_WINDOW_MS
        spread = self.learned.p95_ms - self.learned.median_ms
        wanted = self.learned.p95_ms + SPREAD_FACTOR * spread + SLACK_MS
        unsure = max(0.0, 1 - self._seen / ENOUGH)  # a few quiet repeats don't make a quiet line
        shortest = SHORTEST_WINDOW_MS + unsure * (LONGEST_WINDOW_MS - SHORTEST_WINDOW_MS)
        return min(LONGEST_WINDOW_MS, max(shortest, wanted))

    def press(self, at_ms: float, *, fresh: bool = True) -> None:
        """A hold may begin. Not `fresh`: it may as well be a late repeat, whose pause teaches nothing."""
        self._pulses, self._fresh = [at_ms], fresh

    def pulse(self, at_ms: float) -> None:
        if len(self._pulses) <= KEPT:
            self._pulses.append(at_ms)

    def late(self, gap_ms: float) -> None:
        """A repeat came so late that its hold had been ended: once is enough to wait longer."""
        p95 = min(LONGEST_WINDOW_MS, max(self.learned.p95_ms, gap_ms))
        self.learned = Learned(self.learned.first_ms, self.learned.median_ms, p95)

    def finish(self) -> None:
        """The hold is over: learn from it. Too few pulses teach nothing: they may have been taps."""
        pulses, self._pulses = self._pulses, []
        gaps = [b - a for a, b in itertools.pairwise(pulses[1:]) if b - a > BURST_MS]
        if len(gaps) < FEWEST - 2:
            return
        self._gaps.extend(gaps)
        self._seen += len(gaps)
        first = self._first(pulses[1] - pulses[0])
        if len(self._gaps) < FEWEST:
            self.learned = Learned(first, self.learned.median_ms, self.learned.p95_ms)
            return
        ordered = sorted(self._gaps)
        p95, known = ordered[_rank(len(ordered))], self.learned.p95_ms
        if p95 < known:
            p95 = known + FORGET * (p95 - known)
        self.learned = Learned(first, round(statistics.median(ordered), 1), round(p95, 1))

    def _first(self, pause_ms: float) -> float:
        known = self.learned.first_ms
        if not self._fresh or not SHORTEST_FIRST_MS <= pause_ms <= LONGEST_FIRST_MS:
            return known
        return round(pause_ms if pause_ms > known else known + FORGET * (pause_ms - known), 1)


def _rank(n: int) -> int:
    """Which of `n` sorted gaps is surely (19 times in 20) not below the 95th percentile of all gaps to come."""
    return min(n - 1, math.ceil(0.95 * n + 1.64 * math.sqrt(0.95 * 0.05 * n)))


SAME_KEY_MS = 120.0  # where a press switches: nobody presses twice on purpose within this; the slowest repeat is 90 ms
FIRST_REPEAT_MS = 700.0  # and this is later than the first repeat


class Presses:
    """Where a press switches: distinct presses told from auto-repeat. A press that comes when the first repeat is due
    is believed only when no other one follows within SAME_KEY_MS."""

    def __init__(self) -> None:
        self._last_ms = -math.inf
        self.waiting: float | None = None  # the press that is not believed yet

    @property
    def due(self) -> float | None:
        """When the waiting press is believed."""
        return None if self.waiting is None else self.waiting + SAME_KEY_MS

    def pulse(self, at_ms: float) -> bool:
        """Whether this is a press for sure."""
        gap, self._last_ms = at_ms - self._last_ms, at_ms
        self.waiting = at_ms if SAME_KEY_MS <= gap < FIRST_REPEAT_MS else None
        return gap >= FIRST_REPEAT_MS
