"""Inferred releases on simulated lines: how late they are noticed, and how often a hold is ended that goes on."""

from __future__ import annotations

import random
import statistics
from dataclasses import dataclass, field

import pytest
from hold_traces import BUSY, LOCAL, SLOW, SSH, STALLING, WORSE, Line, play, pulses, repeating

from tui_assistant.client.hold import Begin, End, EndReason, Hold, HoldPhase, Method

HOLDS, LEARNING = 60, 10  # per terminal; figures without the first ones


@dataclass
class Figures:
    holds: int = 0
    stops: int = 0  # holds that were ended before the release
    cuts: int = 0  # of these: with the tail gone before the next repeat
    phantoms: int = 0  # holds after which something still had the floor 3 s later
    late_ms: list[float] = field(default_factory=list)  # from the release until it was noticed, after learning

    def __str__(self) -> str:
        if not self.late_ms:
            return f"{self.holds} holds"
        late = sorted(self.late_ms)
        return (
            f"holds {self.holds}  stopped {self.stops / self.holds:.2%}  cut {self.cuts / self.holds:.2%}"
            f"  phantoms {self.phantoms}  noticed after {statistics.median(late):.0f} ms"
            f" (95 %: {late[int(0.95 * len(late))]:.0f})"
        )


def simulate(line: Line, terminals: int, seed: int, longest_ms: float = 6_000) -> Figures:
    rng, figures = random.Random(seed), Figures()
    for _ in range(terminals):
        hold, at = Hold(Method.INFERRED), 0.0
        first, every = rng.uniform(*line.first_ms), rng.uniform(*line.every_ms)
        for number in range(HOLDS):
            at = at + rng.uniform(3_500, 8_000)
            held = first + rng.uniform(200, longest_ms)
            arrived, stalls = line.deliver(repeating(held, first, every, at), rng)
            up = at + held
            at = max(up, arrived[-1])
            steps = play(hold, pulses(arrived), until=at + 3_000, stalls=stalls)
            figures.holds += 1
            ends = [step for step in steps if isinstance(step, End)]
            early = [end for end in ends if end.at_ms < arrived[-1]]
            figures.stops += bool(early)
            figures.cuts += sum(isinstance(step, Begin) for step in steps) > 1
            figures.phantoms += hold.phase is not HoldPhase.FREE
            if number >= LEARNING and ends:
                figures.late_ms.append(ends[-1].at_ms - up)
            hold.drop()
    return figures


@pytest.mark.parametrize("line", [LOCAL, SLOW, BUSY], ids=str)
def test_on_this_machine_no_hold_is_stopped_and_releases_are_noticed_soon(line: Line) -> None:
    figures = simulate(line, terminals=8, seed=4)
    print(line, figures)
    assert (figures.stops, figures.cuts, figures.phantoms) == (0, 0, 0), str(figures)
    assert statistics.median(figures.late_ms) < 200, str(figures)


@pytest.mark.parametrize("line", [STALLING, SSH, WORSE], ids=str)
def test_on_a_bad_line_hardly_a_hold_is_stopped(line: Line) -> None:
    figures = simulate(line, terminals=8, seed=5)
    print(line, figures)
    assert figures.stops < 0.02 * figures.holds, str(figures)
    assert figures.cuts < 0.005 * figures.holds, str(figures)
    assert figures.phantoms == 0


@pytest.mark.parametrize("line", [LOCAL, SLOW, BUSY, STALLING, SSH, WORSE], ids=str)
def test_taps_always_latch(line: Line) -> None:
    rng, hold, at, latched = random.Random(6), Hold(Method.INFERRED), 0.0, 0
    for _ in range(100):
        at += rng.uniform(3_000, 5_000)
        arrived, stalls = line.deliver([at], rng)
        begin = play(hold, pulses(arrived), until=arrived[-1] + 900, stalls=stalls)
        latched += hold.phase is HoldPhase.LATCHED and [type(step) for step in begin] == [Begin]
        at = arrived[-1] + rng.uniform(1_500, 4_000)
        arrived, stalls = line.deliver([at], rng)
        (end,) = play(hold, pulses(arrived), until=arrived[-1] + 900, stalls=stalls)
        assert isinstance(end, End)
        assert (end.reason, end.at_ms) == (EndReason.TAP, arrived[-1])
        at = arrived[-1]
    assert latched == 100
