from __future__ import annotations

import pytest
from fake_talk import frames_until

from tui_assistant.tui.drawing.columns import columns
from tui_assistant.tui.drawing.runs import text_of, width_of
from tui_assistant.tui.widgets.scope import LEAST_ROWS, OTHER_ROWS, upper_part

METER_STATE_TIMERS = 3


@pytest.mark.parametrize("height", range(LEAST_ROWS + OTHER_ROWS + 1, 40))
def test_the_state_and_the_timers_always_have_their_lines(height: int) -> None:
    lines = upper_part(columns(frames_until(4_100), 50), 62, height, 0.5)
    assert len(lines) + METER_STATE_TIMERS <= height
    assert all(width_of(line) <= 62 for line in lines)
    assert any(text_of(line).startswith("turn") for line in lines)
