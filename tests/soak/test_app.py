"""The app through looped speech while its devices, its terminal, its clock and its processor fail it."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from app_room import ANSWERED, COMMITTED, FAULTS, AppRoom, memory_mib, suffer
from virtual_audio import VirtualAudio

SHOWN = {"microphone_lost_ms", "answer_unheard_ms", "speaker_dropped_ms"}  # what may be lost, if the screen says so
WARM_S = 600.0  # until the engine keeps as much audio as it ever does, and the screen has had all its sizes
MOST_GROWTH_MIB = 60.0  # after that: the transcript, and garbage, which waits for a pause while somebody speaks


@pytest.mark.parametrize(
    ("seed", "seconds", "faults"),
    [
        pytest.param(1, 0, ("stop", "stall", "resize"), id="short"),
        pytest.param(1, 0, ("set_clock",), id="clock", marks=pytest.mark.soak),
        pytest.param(2, 3_600, tuple(FAULTS), id="long", marks=[pytest.mark.soak, pytest.mark.timeout(4_500)]),
    ],
)
def test_every_question_becomes_a_turn_whatever_happens(
    tmp_path: Path, seed: int, seconds: float, faults: tuple[str, ...]
) -> None:
    """Each fault once, and then any of them until the time is over."""
    chance, began, done = random.Random(seed), time.monotonic(), list[str]()
    with (
        VirtualAudio(tmp_path / "va", max_seconds=int(seconds) + 600) as audio,
        AppRoom(tmp_path, audio, seed).open() as room,
    ):
        memory, warm = memory_mib(room), False
        while len(done) < len(faults) or time.monotonic() - began < seconds:
            fault = faults[len(done)] if len(done) < len(faults) else chance.choice(faults)
            suffer(room, fault)
            done.append(fault)
            if not warm and time.monotonic() - began > WARM_S:
                memory, warm = memory_mib(room), True
        grown = memory_mib(room) - memory
        room.terminal.wait_for(" IDLE ", 60)
        assert room.count(COMMITTED) == room.asked  # each once
        room.leave()
    print(f"\n{len(done)} faults, {room.asked} turns, {room.counters}, {grown:.1f} MiB more")
    assert set(room.counters) <= SHOWN
    assert room.count(ANSWERED) > 0
    assert "error" not in {str(event["type"]) for event in room.events()}
    assert grown < MOST_GROWTH_MIB
