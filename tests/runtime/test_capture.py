"""The microphone's audio on its way to the link."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tui_assistant.audio.base import DeviceState
from tui_assistant.runtime.capture import PREROLL_MS, TAIL_MS, Capture, Floor

RATE = 16_000
PREROLL, TAIL = PREROLL_MS * RATE // 1000, TAIL_MS * RATE // 1000


class Deaf:
    """A detector that hears nothing."""

    name = "deaf"

    def probability(self, frame: NDArray[np.int16]) -> float:
        return 0.0

    def reset(self) -> None:
        """Nothing to forget."""


class Tape:
    """A microphone that gives what was put on it."""

    name, lost, silent, state = "tape", 0, False, DeviceState.RUNNING

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.waiting: list[NDArray[np.int16]] = []

    def start(self) -> None:
        """Runs already."""

    def read(self) -> NDArray[np.int16]:
        return self.waiting.pop(0) if self.waiting else np.zeros(0, np.int16)

    def position_at(self, at: float) -> int:
        return 0

    def close(self) -> None:
        """Nothing to free."""


def ramp(begin: int, count: int) -> NDArray[np.int16]:
    return np.arange(begin, begin + count).astype(np.int16)


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=20), st.lists(st.integers(1, 3000), max_size=20))
def test_push_to_talk_sends_preroll_speech_and_tail_without_a_gap(before: list[int], during: list[int]) -> None:
    capture = Capture(RATE, Deaf())
    position, sent = 0, []

    def hear(count: int) -> None:
        nonlocal position
        sent.append(capture.held(ramp(position, count)))
        position += count

    for count in before:
        hear(count)
    assert sum(map(len, sent)) == 0
    pressed = position
    capture.take_floor()
    for count in during:
        hear(count)
    released = position
    capture.release_floor()
    while capture.floor is Floor.ENDING:
        hear(700)
    begin = max(0, pressed - PREROLL)
    expected = ramp(begin, released + TAIL - begin)
    assert np.array_equal(np.concatenate(sent), expected)
    hear(100)
    assert len(sent[-1]) == 0


def test_what_came_after_the_tail_is_preroll_of_the_next_turn() -> None:
    capture = Capture(RATE, Deaf())
    capture.take_floor()
    capture.release_floor()
    assert len(capture.held(ramp(0, TAIL + 500))) == TAIL
    capture.take_floor()
    assert np.array_equal(capture.held(ramp(TAIL + 500, 10)), ramp(TAIL, 510))


def test_dropping_the_floor_sends_nothing_more() -> None:
    capture = Capture(RATE, Deaf())
    capture.take_floor()
    capture.drop_floor()
    assert len(capture.held(ramp(0, 1000))) == 0


def test_reads_at_the_links_rate_and_measures_at_the_microphones() -> None:
    capture, tape = Capture(RATE, Deaf()), Tape(48_000)
    capture.use(tape)
    second = np.rint(3276.8 * np.sqrt(2) * np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000)).astype(np.int16)
    tape.waiting = [second[i : i + 480] for i in range(0, 48_000, 480)]
    heard = np.concatenate([capture.read() for _ in range(100)])
    assert RATE * 0.95 < len(heard) <= RATE
    assert capture.meter is not None
    assert abs(capture.meter.rms_dbfs + 20) < 0.1
    capture.use(None)
    assert len(capture.read()) == 0
    assert capture.meter is None


def test_the_estimate_has_a_frame_every_32_ms() -> None:
    frames = list(Capture(RATE, Deaf()).estimate(np.zeros(RATE, np.int16)))
    assert [frame.end_ms for frame in frames] == list(range(32, 1000, 32))
