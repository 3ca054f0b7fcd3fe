from __future__ import annotations

import numpy as np
import pytest

from tui_assistant.audio.played import KEEP_S, Place, PlayedSound

RATE = 8_000
BLOCK = 80


def ramp(first: int, count: int = BLOCK) -> np.ndarray:
    return np.arange(first, first + count).astype(np.int16)


def play(sound: PlayedSound, blocks: int, *, begin: float, first: int = 0, wrong=()) -> None:
    for number in range(blocks):
        late = wrong[number] if number < len(wrong) else 0.0
        sound.add(ramp(first + number * BLOCK), True, begin + number * BLOCK / RATE + late)


def test_before_anything_was_played_nothing_is_known() -> None:
    sound = PlayedSound(RATE)
    assert sound.place(1.0) is None
    assert not sound.sounding(0.0, 100.0)
    assert not sound.read(Place(0, 0), 100).any()


def test_a_frame_is_found_by_the_time_at_which_it_sounds() -> None:
    sound = PlayedSound(RATE)
    sound.restart()
    play(sound, 50, begin=10.0)
    assert sound.place(10.2).frame == 1600
    assert sound.read(Place(0, 1600), 5).tolist() == [1600, 1601, 1602, 1603, 1604]
    assert sound.place(9.9).frame == -800  # before the first
    assert sound.read(Place(0, -2), 4).tolist() == [0, 0, 0, 1]
    assert sound.read(Place(0, 3998), 4).tolist() == [3998, 3999, 0, 0]  # more is not known yet


def test_a_late_callback_does_not_move_the_frames() -> None:
    sound = PlayedSound(RATE)
    play(sound, 50, begin=10.0, wrong=[0.0] * 46 + [0.03, 0.0, 0.03, 0.0])
    assert sound.place(10.2).frame == 1600


def test_what_was_cut_was_never_heard() -> None:
    sound = PlayedSound(RATE)
    play(sound, 50, begin=10.0)
    sound.cut(10.1)
    assert sound.read(Place(0, 798), 4).tolist() == [798, 799, 0, 0]
    assert sound.sounding(10.05, 10.2)
    assert not sound.sounding(10.11, 10.4)
    sound.cut(10.3)  # the device stops once more: the first time counts
    assert sound.read(Place(0, 800), 2).tolist() == [0, 0]


def test_a_new_run_has_its_own_times() -> None:
    sound = PlayedSound(RATE)
    play(sound, 10, begin=10.0)
    sound.cut(10.05)
    sound.restart()
    play(sound, 10, begin=20.0, first=5000)
    assert sound.place(20.01).frame == 10 * BLOCK + 80
    assert sound.read(Place(800, 880), 2).tolist() == [5080, 5081]
    assert sound.place(10.02).frame == 160  # the first run still has its own
    assert not sound.sounding(10.06, 19.99)
    assert sound.sounding(19.9, 20.01)
    assert sound.place(19.9) == Place(800, 0)  # shortly before it, and not at all where the first one was
    assert sound.read(Place(800, 798), 4).tolist() == [0, 0, 5000, 5001]
    assert sound.read(Place(0, 398), 4).tolist() == [398, 399, 0, 0]
    assert sound.place(15.0) == Place(0, 40_000)  # long after the first: nothing sounds there
    assert not sound.read(Place(0, 40_000), 10).any()


def test_silence_in_an_answer_is_no_sound() -> None:
    sound = PlayedSound(RATE)
    play(sound, 10, begin=10.0)
    for number in range(10, 60):
        sound.add(np.zeros(BLOCK, np.int16), False, 10.0 + number * BLOCK / RATE)
    assert sound.sounding(10.0, 10.05)
    assert not sound.sounding(10.11, 10.5)
    sound.add(ramp(1), True, 10.6)
    assert sound.sounding(10.5, 10.61)


def test_the_ring_keeps_the_newest_seconds() -> None:
    sound = PlayedSound(RATE)
    count = (KEEP_S + 1) * RATE // BLOCK
    play(sound, count, begin=0.0)
    newest = count * BLOCK
    assert sound.read(Place(0, newest - 3), 3).tolist() == ramp(newest - 3, 3).tolist()
    assert sound.read(Place(0, newest - KEEP_S * RATE - 2), 4).tolist() == [
        0,
        0,
        *ramp(newest - KEEP_S * RATE, 2).tolist(),
    ]


@pytest.mark.parametrize("size", [1, 79, 81, 1000])
def test_blocks_of_any_size_fit_the_ring(size: int) -> None:
    sound, number = PlayedSound(RATE), 0
    while number < 5 * RATE:
        sound.add(ramp(number, size), True, number / RATE)
        number += size
    assert sound.read(Place(0, number - 200), 200).tolist() == ramp(number - 200, 200).tolist()
