"""Whatever a client sends, it gets a documented error or an answer, and nothing of it stays behind."""

from __future__ import annotations

import gc
import resource
import sys
from random import Random

import pytest
from fuzz.corpus import FLAT, GA, mutated
from fuzz.harness import Door

CORPORA = {"ga": GA, "qwen": FLAT}
PER_SESSION = 1_000  # a conversation grows with its items, so a new one begins now and then
SHORT, MILLION = 6_000, 500_000  # for each dialect
BLOCKS = 4_000  # allocated objects: what interpreter and libraries cache late is far less, a leak of 1 in 100 more


def bombard(name: str, events: int, seed: int) -> tuple[int, list[int], list[int]]:
    """The number of errors; allocated blocks and peak memory (KiB) after each tenth."""
    random = Random(seed)
    errors, door = 0, Door(name, random)
    blocks, peaks = [], []
    for number in range(1, events + 1):
        frame = mutated(random, CORPORA[name])
        try:
            door.receive(frame)
            if random.random() < 0.3:
                door.go_on()
        except Exception as error:
            error.add_note(f"event {number} of seed {seed} on {name}: {frame[:500]!r}")
            raise
        if number % PER_SESSION == 0 or number == events:
            door.settle()
            errors += door.errors
            door = Door(name, random)
        if number % (events // 10) == 0:
            gc.collect()
            blocks.append(sys.getallocatedblocks())
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return errors, blocks, peaks


@pytest.mark.parametrize("name", CORPORA)
def test_only_documented_errors_and_no_growth(name: str) -> None:
    errors, blocks, _ = bombard(name, SHORT, seed=1)
    assert SHORT // 4 < errors < SHORT, "some are refused and some are not"
    assert blocks[-1] - blocks[4] < BLOCKS, blocks


@pytest.mark.soak
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("name", CORPORA)
def test_a_million_mutated_events(name: str) -> None:
    errors, blocks, peaks = bombard(name, MILLION, seed=2)
    print(f"{name}: {MILLION} events, {errors} errors; blocks {blocks}; peak KiB {peaks}")
    assert MILLION // 4 < errors < MILLION
    assert blocks[-1] - blocks[1] < BLOCKS, blocks
    assert peaks[-1] - peaks[1] < 16_384, peaks


@pytest.mark.parametrize("name", CORPORA)
def test_refused_events_leave_nothing_in_a_session(name: str) -> None:
    """The same session from the first to the last."""
    random = Random(3)
    door = Door(name, random)
    refused = [
        frame for frame in (mutated(random, CORPORA[name], valid=0) for _ in range(3_000)) if _refused(name, frame)
    ]
    assert len(refused) > 1_000
    sizes = []
    for _ in range(4):
        for frame in refused:
            door.receive(frame)
        gc.collect()
        sizes.append(sys.getallocatedblocks())
    assert sizes[-1] - sizes[1] < 500, sizes


def _refused(name: str, frame: str) -> bool:
    return any(error.code in ("invalid_event", "unknown_parameter") for error in Door(name).receive(frame))
