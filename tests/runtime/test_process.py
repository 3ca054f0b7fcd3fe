"""The interpreter's settings while a conversation runs."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator

import pytest

from tui_assistant.runtime.process import COLLECT_ANYWAY_S, COLLECT_EVERY_S, SWITCH_INTERVAL_S, ProcessTuning


@pytest.fixture
def collections(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Grows with each collection that the tuning asks for."""
    made: list[int] = []
    monkeypatch.setattr(gc, "collect", lambda: made.append(1))
    yield made
    gc.unfreeze()
    gc.enable()


def test_garbage_is_collected_while_nobody_speaks(collections: list[int]) -> None:
    tuning = ProcessTuning(wanted=True)
    assert sys.getswitchinterval() == pytest.approx(SWITCH_INTERVAL_S)
    tuning.rest(quiet=False, now=1000.0)  # the first time: everything imported so far is frozen
    assert len(collections) == 1
    assert not gc.isenabled()
    assert gc.get_freeze_count() > 0
    tuning.rest(quiet=True, now=1000.0 + COLLECT_EVERY_S - 1)
    tuning.rest(quiet=False, now=1000.0 + COLLECT_EVERY_S + 1)
    assert len(collections) == 1
    tuning.rest(quiet=True, now=1000.0 + COLLECT_EVERY_S + 1)
    assert len(collections) == 2
    tuning.rest(quiet=False, now=1000.0 + COLLECT_EVERY_S + 2 + COLLECT_ANYWAY_S)
    assert len(collections) == 3
    tuning.undo()
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
    assert sys.getswitchinterval() > SWITCH_INTERVAL_S


def test_a_process_that_is_not_ours_is_left_alone(collections: list[int]) -> None:
    before = sys.getswitchinterval()
    tuning = ProcessTuning(wanted=False)
    tuning.rest(quiet=True, now=1e9)
    tuning.undo()
    assert (sys.getswitchinterval(), gc.isenabled(), collections) == (before, True, [])
