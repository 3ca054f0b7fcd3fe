"""The fuzzers' functions, on their seeds and on what is no seed, without a fuzzer."""

from __future__ import annotations

from random import Random

import pytest
from fuzz import targets
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
