"""Time in which the program ran."""

from __future__ import annotations

import pytest

from tui_assistant.host.running_time import MOST_STEP_S, RunningTime


def test_time_goes_by_but_not_while_the_program_stood_still() -> None:
    clock = [100.0]
    running = RunningTime(lambda: clock[0])
    times = []
    for step in (0.0, 0.1, 0.4, 3_600.0, 0.1, -5.0, 0.1):
        clock[0] += step
        times.append(running())
    assert times == pytest.approx([100.0, 100.1, 100.5, 100.5 + MOST_STEP_S, 101.1, 101.1, 101.2])
