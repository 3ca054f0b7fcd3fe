"""How much goes up while turns are detected here: speech, its pre-roll, and little more; at the same turns."""

from __future__ import annotations

import pytest
from joined_speech import Joined, joined, sent

MOST = 1.10  # of speech and pre-roll
SILENT = 0.7


async def _checked(recording: Joined) -> None:
    here, there = await sent(recording, "here"), await sent(recording, "there")
    assert here.turns == there.turns
    assert len(here.turns) >= len(recording.spoken)
    assert there.bytes_up == len(recording.pcm)
    assert here.needed <= here.bytes_up <= MOST * here.needed
    assert here.while_silent == 0


@pytest.mark.parametrize("seed", [1, 2])
async def test_in_half_a_minute_with_70_percent_silence_only_speech_goes_up(seed: int) -> None:
    await _checked(joined(30, SILENT, seed))


@pytest.mark.soak
async def test_in_ten_minutes_with_70_percent_silence_only_speech_goes_up() -> None:
    await _checked(joined(600, SILENT, 7))


async def test_in_a_silent_room_nothing_goes_up() -> None:
    went = await sent(joined(20, 1.0, 3), "here")
    assert (went.bytes_up, went.turns, went.while_silent) == (0, (), 0)
