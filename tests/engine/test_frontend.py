"""Frames of 32 ms from wire audio at any rate."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import ScriptedDetector

from tui_assistant.engine.frontend import FrontEnd


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 44_100, 48_000])
def test_frames_lie_on_one_grid_and_come_within_28_ms(rate: int) -> None:
    front = FrontEnd(rate, ScriptedDetector())
    step = rate // 100  # 10 ms
    starts = []
    for block in range(100):
        for frame in front.push(np.zeros(step, np.int16)):
            assert frame.end_ms <= (block + 1) * 10
            assert (block + 1) * 10 - frame.end_ms <= 28 + 10
            starts.append(frame.start_ms)
    starts += [frame.start_ms for frame in front.flush()]
    assert starts == list(range(0, 31 * 32, 32))


def test_p_is_rounded_to_thousandths_before_use() -> None:
    front = FrontEnd(16_000, ScriptedDetector([0.49949, 0.4995001]))
    assert [frame.p for frame in front.push(np.zeros(1_024, np.int16))] == [0.499, 0.5]


def test_what_makes_no_frame_yet_is_kept() -> None:
    front = FrontEnd(16_000, ScriptedDetector())
    (frame,) = front.push(np.arange(700).astype(np.int16))
    assert frame.samples.tolist() == list(range(512))
    assert front.unframed.tolist() == list(range(512, 700))


def test_level_of_a_frame() -> None:
    (frame,) = FrontEnd(16_000, ScriptedDetector()).push(np.full(512, -16_384, np.int16))
    assert frame.rms_dbfs == pytest.approx(-6.02, abs=0.01)
