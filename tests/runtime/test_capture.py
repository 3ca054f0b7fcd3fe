"""The microphone's audio on its way to the link."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tui_assistant.audio.base import DeviceState
from tui_assistant.client.effects import Since
from tui_assistant.runtime.capture import LEAST_PREROLL_MS, PREROLL_MS, TAIL_MS, Capture, Floor

RATE = 16_000
PREROLL, LEAST, TAIL = (ms * RATE // 1000 for ms in (PREROLL_MS, LEAST_PREROLL_MS, TAIL_MS))


class Deaf:
    """A detector that hears nothing."""

    name = "deaf"

    def probability(self, frame: NDArray[np.int16]) -> float:
        return 0.0

    def reset(self) -> None:
        """Nothing to forget."""


class Tape:
    """A microphone that gives what was put on it; its clock and its samples run together, from 0 s on."""

    name, silent, state = "tape", False, DeviceState.RUNNING

    def __init__(self, rate: int, *, knows: bool = True) -> None:
        self.rate = rate
        self.waiting: list[NDArray[np.int16]] = []
        self.position = self.lost = 0
        self.knows = knows

    def start(self) -> None:
        """Runs already."""

    def read(self) -> NDArray[np.int16]:
        samples = self.waiting.pop(0) if self.waiting else np.zeros(0, np.int16)
        self.position += len(samples)
        return samples

    def position_at(self, at: float) -> int:
        return max(0, round(at * self.rate)) if self.knows else 0

    def close(self) -> None:
        """Nothing to free."""


class Ear:
    """A capture and a tape of a ramp: sample n has the value n, so that what was sent says which samples it is."""

    def __init__(self, *, knows: bool = True) -> None:
        self.tape = Tape(RATE, knows=knows)
        self.capture = Capture(RATE, Deaf)
        self.capture.use(self.tape)
        self.now = 0

    def hear(self, count: int) -> list[int]:
        """Time passes by so many samples; what went to the link."""
        self.tape.waiting.append(ramp(self.now, count))
        self.now += count
        self.capture.read()
        if self.capture.floor is Floor.FREE:
            self.capture.skip()
            return []
        return [int(sample) for sample in self.capture.due()]


def ramp(begin: int, count: int) -> NDArray[np.int16]:
    return np.arange(begin, begin + count).astype(np.int16)


def span(begin: int, end: int) -> list[int]:
    return [int(value) for value in ramp(begin, end - begin)]


@given(
    before=st.lists(st.integers(0, 3000), min_size=1, max_size=20),
    pressed_ago=st.integers(0, 5000),
    during=st.lists(st.integers(1, 3000), min_size=3, max_size=20),
    released_ago=st.integers(0, 2000),
)
def test_a_hold_has_preroll_and_tail_to_the_sample_however_late_it_is_noticed(
    before: list[int], pressed_ago: int, during: list[int], released_ago: int
) -> None:
    ear = Ear()
    for count in before:
        assert ear.hear(count) == []
    # Not 0 once something was heard: that is how a microphone says that it does not know.
    pressed = max(min(1, ear.now), ear.now - pressed_ago)
    ear.capture.take_floor(pressed / RATE, Since.PREROLL)
    sent = [sample for count in during for sample in ear.hear(count)]
    released = max(pressed, ear.now - released_ago, 1)
    ear.capture.release_floor(released / RATE)
    while ear.capture.floor is Floor.ENDING:
        sent += ear.hear(700)
    assert sent == span(max(0, pressed - PREROLL), released + TAIL)
    assert ear.hear(100) == []


def test_a_press_that_is_noticed_before_its_sample_has_come_begins_there_too() -> None:
    ear = Ear()
    ear.hear(16_000)
    ear.capture.take_floor(1.5, Since.PREROLL)
    sent = [sample for _ in range(20) for sample in ear.hear(1_000)]
    assert sent == span(24_000 - PREROLL, 36_000)


def test_what_came_after_the_tail_is_preroll_of_the_next_turn_and_at_least_100_ms() -> None:
    ear = Ear()
    ear.hear(16_000)
    ear.capture.take_floor(1.0, Since.PREROLL)
    ear.capture.release_floor(1.0)
    assert ear.hear(TAIL + 500)[-1] == 16_000 + TAIL - 1
    end = 16_000 + TAIL
    for gap, begin in [(2_000, end), (LEAST, end), (500, end + 500 - LEAST)]:
        ear.capture.take_floor((end + gap) / RATE, Since.PREROLL)
        assert ear.hear(3_000)[0] == begin
        ear.capture.drop_floor()
    ear.capture.take_floor((end + 4_000) / RATE, Since.LAST_TURN)
    assert ear.hear(1)[0] == end


def test_a_floor_that_was_only_thought_to_end_goes_on_without_a_gap() -> None:
    ear = Ear()
    ear.capture.take_floor(0.0, Since.PREROLL)
    sent = ear.hear(8_000)
    ear.capture.release_floor(0.5)
    sent += ear.hear(1_000)
    ear.capture.keep_floor()
    sent += ear.hear(8_000)
    assert sent == span(0, 17_000)


def test_a_stream_goes_on_behind_a_hold_without_gap_or_overlap() -> None:
    ear = Ear()
    for _ in range(10):
        ear.tape.waiting.append(ramp(ear.now, 1_000))
        ear.now += 1_000
        ear.capture.read()
        assert len(ear.capture.due()) == 1_000  # hands-free
    ear.capture.take_floor(0.6, Since.NOW)
    sent = ear.hear(3_000)
    ear.capture.release_floor(13_000 / RATE)
    sent += ear.hear(5_000)
    assert sent == span(10_000, 13_000 + TAIL)
    assert [int(sample) for sample in ear.capture.due()] == span(13_000 + TAIL, 18_000)


def test_a_microphone_that_does_not_know_its_samples_counts_from_now_on() -> None:
    ear = Ear(knows=False)
    ear.hear(16_000)
    ear.capture.take_floor(0.5, Since.PREROLL)
    sent = ear.hear(1_000)
    ear.capture.release_floor(0.6)
    sent += ear.hear(8_000)
    assert sent == span(16_000 - PREROLL, 17_000 + TAIL)


def test_lost_samples_move_no_press() -> None:
    ear = Ear()
    ear.hear(16_000)
    ear.tape.lost = 5_000
    ear.tape.position += 5_000
    ear.now += 5_000
    ear.hear(16_000)
    ear.capture.take_floor(30_000 / RATE, Since.PREROLL)
    assert ear.hear(1)[0] == 30_000 - PREROLL


def test_another_microphone_goes_on_with_the_hold() -> None:
    ear = Ear()
    ear.hear(16_000)
    ear.capture.take_floor(1.0, Since.PREROLL)
    sent = ear.hear(1_000)
    ear.capture.use(other := Tape(RATE))
    ear.tape = other
    ear.now = 0
    assert sent + ear.hear(1_000) == span(16_000 - PREROLL, 17_000) + span(0, 1_000)
    ear.capture.release_floor(0.1)
    assert ear.hear(8_000) == span(1_000, 1_600 + TAIL)


def test_a_tail_whose_microphone_has_gone_ends_at_once() -> None:
    ear = Ear()
    ear.capture.take_floor(0.0, Since.PREROLL)
    ear.hear(8_000)
    ear.capture.release_floor(0.5)
    ear.capture.use(None)
    assert len(ear.capture.due()) == 0
    assert ear.capture.floor is Floor.FREE


def test_what_was_muted_is_no_preroll() -> None:
    ear = Ear()
    ear.hear(16_000)
    ear.capture.forget()
    ear.hear(100)
    ear.capture.take_floor(1.0, Since.PREROLL)
    assert ear.hear(1)[0] == 16_000


def test_dropping_the_floor_sends_nothing_more() -> None:
    ear = Ear()
    ear.capture.take_floor(0.0, Since.PREROLL)
    ear.capture.drop_floor()
    assert ear.hear(1_000) == []


def test_reads_at_the_links_rate_and_measures_at_the_microphones() -> None:
    capture, tape = Capture(RATE, Deaf), Tape(48_000)
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
    frames = list(Capture(RATE, Deaf).estimate(np.zeros(RATE, np.int16)))
    assert [frame.end_ms for frame in frames] == list(range(32, 1000, 32))


def test_a_press_finds_its_sample_through_the_resampler_too() -> None:
    """A microphone at 48 kHz that is silent up to 0.9 s: the sound begins 200 ms behind the begin of the turn."""
    capture, tape = Capture(RATE, Deaf), Tape(48_000)
    capture.use(tape)
    sound = np.where(np.arange(3 * 48_000) < 0.9 * 48_000, 0, 8_000).astype(np.int16)
    sent: list[NDArray[np.int16]] = []
    for begin in range(0, len(sound), 480):
        if begin == 48_000:
            capture.take_floor(1.0, Since.PREROLL)
        if begin == 2 * 48_000:
            capture.release_floor(2.0)
        tape.waiting.append(sound[begin : begin + 480])
        capture.read()
        if capture.floor is Floor.FREE:
            capture.skip()
        else:
            sent.append(capture.due())
    held = np.concatenate(sent)
    assert len(held) == RATE + PREROLL + TAIL
    assert abs(int(np.argmax(held >= 4_000)) - 200 * RATE // 1000) <= 1
