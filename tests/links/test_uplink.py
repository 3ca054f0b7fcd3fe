"""Which samples go up, by their number."""

from __future__ import annotations

import numpy as np
from fakes import RATE, counting

from tui_assistant.engine.buffer import SampleBuffer
from tui_assistant.engine.intake import Utterance
from tui_assistant.host.turns import Turned
from tui_assistant.links.uplink import LEAST_COMMIT_MS, TAIL_MS, Uplink

MS = RATE // 1000


class Up:
    def __init__(self, heard_ms: int) -> None:
        self.audio = bytearray()
        self.uplink = Uplink(RATE, self.audio.extend)
        self.buffer = SampleBuffer(RATE)
        self.hear(heard_ms)

    def hear(self, ms: int) -> None:
        self.buffer.append(np.frombuffer(counting(ms * MS, self.buffer.end), "<i2"))

    def turned(self, start_ms: int, end_ms: int, speech_end_ms: int, *, by_voice: bool = True) -> Turned:
        pcm = self.buffer.slice(start_ms * MS, end_ms * MS)
        return Turned(Utterance("i", pcm, start_ms, end_ms, None, {}, by_voice), end_ms * MS, speech_end_ms)


def test_speech_goes_up_to_a_tail_behind_its_last_frame_and_nothing_twice() -> None:
    up = Up(1_000)
    up.uplink.begin(200 * MS)
    up.uplink.speech(up.buffer, 600)
    up.uplink.speech(up.buffer, 600)
    assert bytes(up.audio) == up.buffer.slice(200 * MS, (600 + TAIL_MS) * MS)
    up.hear(1_000)
    up.uplink.speech(up.buffer, 1_500)
    assert bytes(up.audio) == up.buffer.slice(200 * MS, (1_500 + TAIL_MS) * MS)
    up.uplink.finish(up.turned(200, 2_000, 1_500))
    assert bytes(up.audio) == up.buffer.slice(200 * MS, (1_500 + TAIL_MS) * MS)
    assert up.uplink.samples == 0


def test_what_ends_by_hand_goes_up_whole() -> None:
    up = Up(1_000)
    up.uplink.everything(up.buffer)
    up.hear(300)
    up.uplink.finish(up.turned(0, 1_300, 600, by_voice=False))
    assert bytes(up.audio) == up.buffer.slice(0, 1_300 * MS)


def test_a_turn_that_is_too_short_for_a_commit_is_made_longer() -> None:
    up = Up(1_000)
    up.uplink.begin(900 * MS)
    up.uplink.finish(up.turned(900, 964, 964))
    assert len(up.audio) == 2 * LEAST_COMMIT_MS * MS
    assert bytes(up.audio).startswith(up.buffer.slice(900 * MS, 964 * MS))
