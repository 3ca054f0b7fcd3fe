"""When silence is long enough."""

from __future__ import annotations

from typing import Literal

import pytest

from tui_assistant.engine.endpoint import FixedSilence, JudgedSilence, endpointer, next_slot
from tui_assistant.protocol.session import SemanticVad, ServerVad

Eagerness = Literal["low", "medium", "high", "auto"]


def test_server_vad_waits_its_silence() -> None:
    rule = endpointer(ServerVad(silence_duration_ms=500))
    assert rule == FixedSilence(500)
    assert rule.over(499) is None
    assert rule.over(500) == {"rule": "silence", "silence_ms": 500, "needed_ms": 500}


@pytest.mark.parametrize(
    ("eagerness", "wait", "slot"),
    [("low", 2_150, 2_280), ("medium", 1_150, 1_160), ("auto", 1_150, 1_160), ("high", 650, 680)],
)
def test_unjudged_waits(eagerness: Eagerness, wait: int, slot: int) -> None:
    """wait = 200 + (max - 200) / 4 with max 8000, 4000, 2000; the next of 200, 360, 520 ... ms."""
    rule = endpointer(SemanticVad(eagerness=eagerness))
    assert isinstance(rule, JudgedSilence)
    assert (rule.wait_ms, rule.needed_ms) == (wait, slot)
    assert rule.over(slot - 1) is None
    reason = rule.over(slot)
    assert reason is not None
    assert (reason["rule"], reason["p"], reason["wait_ms"], reason["silence_ms"]) == ("judge", 0.5, wait, slot)


@pytest.mark.parametrize(
    ("silence", "slot"), [(0, 200), (199, 200), (200, 360), (359, 360), (360, 520), (8_000, 8_040)]
)
def test_the_next_slot_is_one_that_was_not_reached(silence: int, slot: int) -> None:
    assert next_slot(silence) == slot


@pytest.mark.parametrize(
    ("p", "wait", "slot"), [(1.0, 200, 200), (0.8, 352, 360), (0.79, 368, 520), (0.0, 4_000, 4_040)]
)
def test_the_surer_the_shorter(p: float, wait: int, slot: int) -> None:
    rule = JudgedSilence(4_000, p)
    assert (rule.wait_ms, rule.needed_ms) == (wait, slot)
