"""The link's audio on its way to the speaker."""

from __future__ import annotations

import numpy as np

from tui_assistant.audio.clocked import ClockedSpeaker
from tui_assistant.runtime.player import Player


class Time:
    """A clock that stands until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def speaker(rate: int, time: Time) -> ClockedSpeaker:
    made = ClockedSpeaker(rate=rate, clock=time)
    made.start()
    return made


def second(rate: int) -> bytes:
    return np.full(rate, 1000, "<i2").tobytes()


def test_the_position_is_in_the_links_samples_and_reaches_the_end() -> None:
    time = Time()
    player = Player(24_000, speaker(44_100, time))
    player.play(second(24_000))
    player.end()
    assert player.position == 0
    time.now = 0.5
    assert abs(player.position - 12_000) <= 1
    time.now = 1.1
    assert player.position == 24_000


def test_a_pause_in_mid_answer_is_not_its_end() -> None:
    """The resampler still holds the last samples: they have not been heard."""
    time = Time()
    player = Player(24_000, speaker(48_000, time))
    player.play(second(24_000))
    time.now = 2.0
    assert 23_000 < player.position < 24_000
    player.end()
    time.now = 3.0
    assert player.position == 24_000


def test_after_a_flush_positions_go_on() -> None:
    time = Time()
    player = Player(24_000, speaker(24_000, time))
    player.play(second(24_000))
    time.now = 0.25
    player.flush()
    assert player.position == 6_000
    player.play(second(24_000))
    player.end()
    assert player.position == 6_000
    time.now = 0.75
    assert abs(player.position - 18_000) <= 1
    time.now = 2.0
    assert player.position == 30_000


def test_another_speaker_goes_on_where_the_old_one_left() -> None:
    time = Time()
    player = Player(24_000, speaker(24_000, time))
    player.play(second(24_000))
    time.now = 0.25
    player.replace(speaker(48_000, time))
    assert player.position == 24_000  # what the old one had not played is not waited for
    assert abs(player.dropped - 18_000) <= 1
    player.play(second(24_000))
    player.end()
    time.now = 0.75
    assert abs(player.position - 36_000) <= 1
    time.now = 1.5
    dropped = player.dropped
    player.replace(speaker(24_000, time))
    assert player.dropped == dropped  # all had been heard


def test_what_was_heard_is_handed_out_once_and_what_was_flushed_never() -> None:
    time = Time()
    player = Player(24_000, speaker(24_000, time))
    numbers = np.arange(24_000, dtype="<i2")
    player.play(numbers.tobytes())
    assert player.take_heard() == b""
    heard = b""
    for moment in (0.1, 0.25, 0.4):
        time.now = moment
        heard += player.take_heard()
    time.now = 0.5
    player.flush()
    heard += player.take_heard()
    assert 11_900 <= len(heard) // 2 <= 12_001
    assert heard == numbers[: len(heard) // 2].tobytes()
    player.play(second(24_000))
    player.end()
    time.now = 3.0
    assert player.take_heard() == second(24_000)
    assert player.take_heard() == b""


def test_what_a_lost_speaker_had_not_played_was_not_heard() -> None:
    time = Time()
    player = Player(24_000, speaker(48_000, time))
    player.play(second(24_000))
    time.now = 0.25
    heard = player.take_heard()
    assert abs(len(heard) // 2 - 6_000) <= 1
    player.replace(speaker(44_100, time))
    assert player.take_heard() == b""
    player.play(second(24_000))
    player.end()
    time.now = 5.0
    assert player.take_heard() == second(24_000)


def test_ducking_goes_over_to_another_speaker_and_ends_with_a_flush() -> None:
    class Speaker(ClockedSpeaker):
        ducks: tuple[bool, ...] = ()

        def duck(self, down: bool) -> None:
            self.ducks += (down,)

    first, second = Speaker(), Speaker()
    player = Player(24_000, first)
    player.duck(True)
    player.replace(second)
    player.flush()
    third = Speaker()
    player.replace(third)
    assert (first.ducks, second.ducks, third.ducks) == ((True,), (True,), (False,))
