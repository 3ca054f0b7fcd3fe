"""What the server is told of an answer that was cut, against what a device of software has sounded by then."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from queued_device import Clock, Device

from tui_assistant.audio import queued
from tui_assistant.client.playback import Playback
from tui_assistant.runtime.player import Player

LINK_RATE, DEVICE_RATE = 24_000, 48_000
NEAR_MS = 20
SECONDS = 3.0


def sounded_ms(device: Device, since: int) -> float:
    """The monitor: what was heard of the blocks from number `since` on, silence not counted."""
    size, total = device.rate // 100, 0
    for number in range(since, len(device.times)):
        heard = min(size, max(0, round((device.clock.now - device.times[number]) * device.rate)))
        total += sum(sample != 0 for sample in device.sound[number * size : number * size + heard])
    return total * 1000 / device.rate


@pytest.mark.parametrize("piece_s", [0.02, 0.2, SECONDS])
@given(
    moments=st.lists(st.integers(1, 330), min_size=1, max_size=6),  # hundredths: after its end, too
    error_ms=st.integers(0, 10),
    seed=st.integers(0, 9),
)
@settings(max_examples=15, deadline=None)
def test_what_is_told_is_what_was_heard(piece_s: float, moments: list[int], error_ms: int, seed: int) -> None:
    """Within 20 ms, at any moment of an answer that comes in such pieces, one answer after the other."""
    chance, clock = random.Random(seed), Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queued, "time", clock)
        device = Device(clock, DEVICE_RATE, lambda: chance.uniform(-error_ms, error_ms) / 1000)
        player, playback = Player(LINK_RATE, device), Playback(LINK_RATE)
        for number, moment in enumerate(moments):
            begun = len(device.times)
            for _ in range(round(SECONDS / piece_s)):
                samples = np.full(round(piece_s * LINK_RATE), 9000, "<i2")
                player.play(samples.tobytes())
                playback.add(f"a{number}", len(samples))
            player.end()
            _ = device.state
            device.pass_time(moment / 100)
            playback.heard(player.position)
            heard = sounded_ms(device, begun)
            player.flush()
            playback.heard(player.position)
            cuts = playback.flush()
            told = cuts[0].heard_ms if cuts else SECONDS * 1000
            assert abs(told - heard) <= NEAR_MS, (number, moment)
            device.pass_time(0.3)
