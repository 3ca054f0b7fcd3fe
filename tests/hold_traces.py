"""Auto-repeat as terminals send it, recorded and simulated, and what a Hold makes of it. All times in ms."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tui_assistant.client.hold import Edge, Hold, KeyEdge, Step


def pulses(times: Iterable[float]) -> list[KeyEdge]:
    return [KeyEdge(Edge.PULSE, float(at)) for at in times]


def edges(*said: tuple[str, float]) -> list[KeyEdge]:
    return [KeyEdge(Edge(edge), float(at)) for edge, at in said]


def wait(hold: Hold, until: float) -> list[Step]:
    """Ticks punctually at each deadline up to `until`, and then there."""
    steps: list[Step] = []
    while (due := hold.deadline) is not None and due < until:
        steps += hold.tick(due)
    return steps + hold.tick(until)


Stalls = Sequence[tuple[float, float]]


def play(hold: Hold, keys: Sequence[KeyEdge], until: float | None = None, stalls: Stalls = ()) -> list[Step]:
    """Hands the edges over at their times, ticking in between; in a stall nothing ticks, either."""
    steps: list[Step] = []
    for key in keys:
        while (due := hold.deadline) is not None and due < key.at_ms:
            due = next((end for begin, end in stalls if begin <= due < end), due)
            steps += hold.tick(due)
        steps += hold.key(key)
    return steps if until is None else steps + wait(hold, until)


def repeating(held_ms: float, first_ms: float = 500, every_ms: float = 33, start: float = 0) -> list[float]:
    """When a held key is reported: the press, and repeats until it is let go."""
    times, at = [start], start + first_ms
    while at <= start + held_ms:
        times.append(at)
        at += every_ms
    return times


@dataclass(frozen=True)
class Line:
    """What lies between the keyboard and us: each report is late by what it gives; none overtakes another."""

    name: str
    every_ms: tuple[float, float] = (25, 40)  # one of these per terminal
    first_ms: tuple[float, float] = (400, 660)
    jitter_ms: float = 1.0
    spikes: tuple[tuple[float, float], ...] = ()  # (how likely per report, how late)
    stalls: tuple[float, float, float] | None = None  # (every so many ms, shortest, longest): nothing is read meanwhile

    def __str__(self) -> str:
        return self.name

    def deliver(self, sent: Sequence[float], rng: random.Random) -> tuple[list[float], Stalls]:
        """When the reports arrive, and when our process stood still."""
        arrived, last = [], float("-inf")
        stall = self._stalls(sent, rng)
        for at in sent:
            late = abs(rng.gauss(0, self.jitter_ms))
            late += max((ms for chance, ms in self.spikes if rng.random() < chance), default=0)
            at += late
            for begin, end in stall:
                if begin <= at < end:
                    at = end + rng.random()
            last = max(last + 0.05, at)
            arrived.append(last)
        return arrived, stall

    def _stalls(self, sent: Sequence[float], rng: random.Random) -> list[tuple[float, float]]:
        if self.stalls is None:
            return []
        every, shortest, longest = self.stalls
        result, at = [], sent[0] - every * rng.random()
        while at < sent[-1]:
            end = at + rng.uniform(shortest, longest)
            result.append((at, end))
            at = end + rng.expovariate(1 / every)
        return result


LOCAL = Line("local 25-40 Hz", every_ms=(25, 40))
SLOW = Line("local 90 ms", every_ms=(90, 90), jitter_ms=2)
BUSY = Line("a busy screen", stalls=(400, 20, 80))
STALLING = Line("a stalling process", stalls=(3_000, 50, 500))
SSH = Line("bad ssh", jitter_ms=8, spikes=((0.05, 150), (0.01, 400)))
WORSE = Line("worse ssh", jitter_ms=8, spikes=((0.025, 150), (0.025, 400)))
