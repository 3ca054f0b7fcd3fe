"""The fuzzers' functions, on their seeds and on what is no seed, without a fuzzer."""

from __future__ import annotations

from random import Random

import pytest
from fuzz import files, targets
from fuzz.corpus import GA, mutated


def test_every_seed_of_the_codec_is_taken_by_a_decoder() -> None:
    refused = [seed for seed in targets.codec_seeds() if targets.codec(seed) == 0]
    assert [seed for seed in refused if b"input_image_buffer" not in seed] == []


def test_the_sessions_seeds_get_into_its_states() -> None:
    """Some of the events are refused where they stand in the row, most are not."""
    for seed in targets.session_seeds():
        assert 0 < targets.session(seed) < seed.count(b"\n") // 2


@pytest.mark.parametrize("data", [b"", b"\x00", b"\xff\xfe\n\n\n", b"{" * 5_000, bytes(range(256))])
def test_bytes_that_are_no_events(data: bytes) -> None:
    assert targets.codec(data) == 0
    assert targets.session(data) == (data.count(b"\n") + 1 if data else 0)


def test_mutated_events_as_bytes() -> None:
    random = Random(4)
    taken = [targets.codec(mutated(random, GA).encode("utf-8", "surrogatepass")) for _ in range(300)]
    assert 0 < sum(map(bool, taken)) < 300


@pytest.mark.parametrize("name", ["wav", "config", "labels", "recording", "state"])
def test_readers_of_files_take_their_seeds_and_survive_their_ruins(name: str) -> None:
    """Bytes are changed, cut out, doubled and joined. What is no documented error comes out of the target."""
    read, seeds = getattr(files, name), getattr(files, f"{name}_seeds")()
    taken = [read(seed) for seed in seeds]
    assert any(taken)
    random, survived = Random(name), 0
    for _ in range(100):
        ruin = bytearray(random.choice(seeds))
        for _ in range(random.randint(1, 4)):
            at = random.randrange(len(ruin) + 1)
            match random.randrange(4):
                case 0 if ruin:
                    ruin[at % len(ruin)] = random.choice(b'\0\xff{["0.\n-e')
                case 1:
                    del ruin[at : at + random.randint(1, 20)]
                case 2:
                    ruin[at:at] = ruin[: random.randint(1, 30)]
                case _:
                    ruin[at:] = random.choice(seeds)[at:]
        survived += read(bytes(ruin))
    assert 0 < survived < 100 if name != "labels" else survived  # an Audacity track may hold next to nothing
