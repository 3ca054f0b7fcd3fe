from __future__ import annotations

import numpy as np
import pytest
from echo_room import Desk, heard, speech, through

from tui_assistant.audio.echo import CLEAN_TAIL_S, TAIL_S, EchoStage, HalfDuplexGate
from tui_assistant.audio.played import PlayedSound

RATE = 16_000
FRAME = RATE // 100


class Halving:
    """Stands in for a canceller: returns the half, `delay` samples later, and keeps what it was given."""

    def __init__(self, delay: int = 224) -> None:
        self.delay = delay
        self._line = np.full(delay, 777, np.int16)  # what it holds from another time must not come out
        self.references: list[np.ndarray] = []

    def clean(self, microphone: np.ndarray, reference: np.ndarray) -> np.ndarray:
        assert reference.size in (FRAME, 480)  # 10 ms, of the microphone's rate or of 48 kHz
        self.references.append(reference)
        line = np.concatenate([self._line, microphone // 2])
        out, self._line = line[: microphone.size], line[microphone.size :]
        return out


def answer(seconds: float = 1.0, rate: int = RATE) -> np.ndarray:
    return speech("lj_0002", rate=rate)[: int(seconds * rate)]


def recording(seconds: float = 3.0) -> np.ndarray:
    """Every sample is another: what comes out tells which one it was."""
    return (np.arange(int(seconds * RATE)) % 30_000 + 2).astype(np.int16)


def test_while_nothing_plays_all_passes_at_once_and_unchanged() -> None:
    stage = EchoStage(RATE, lambda _: Halving())
    stage.listen_to(PlayedSound(48_000))
    for size in (1, 100, 160, 333, 5000):
        samples = recording()[:size]
        out = stage.process(samples, 1.0)
        assert np.array_equal(out.samples, samples)
        assert np.array_equal(out.raw, samples)
    assert stage.erle_db is None
    assert not stage.sounding


@pytest.mark.parametrize("delay", [0, 100, 160, 224, 480])
def test_no_sample_is_lost_moved_or_doubled(delay: int) -> None:
    mic = recording()
    clean, raw, _ = through(EchoStage(RATE, lambda _: Halving(delay)), Desk(answer(), RATE, begin=101.0), mic)
    assert np.array_equal(raw, mic[: raw.size])
    assert raw.size == mic.size  # the answer is over: nothing is held any more
    halves = clean == mic // 2
    sounds = slice(RATE, 2 * RATE)  # as the clocks say
    assert halves[sounds].all()
    changed = np.flatnonzero(clean != mic)
    assert 0.7 * RATE < changed[0] < RATE  # from a little before ...
    assert 2 * RATE + CLEAN_TAIL_S * RATE - FRAME <= changed[-1] <= 2 * RATE + CLEAN_TAIL_S * RATE + 2 * FRAME
    fades = ~halves & (clean != mic)
    assert fades.sum() <= 2 * FRAME  # ... and it fades for a frame each
    assert (clean <= mic).all()
    assert (clean >= mic // 2).all()


def test_while_it_plays_no_more_is_held_than_a_frame_and_the_delay() -> None:
    stage, desk = EchoStage(RATE, lambda _: Halving()), Desk(answer(2.0), RATE)
    stage.listen_to(desk.sound)
    given, held = 0, []
    for at in range(0, RATE, 50):
        desk.until(100.0 + at / RATE)
        given += stage.process(recording()[at : at + 50], 100.0 + at / RATE).samples.size
        held.append(at + 50 - given)
    assert max(held) <= FRAME + 224
    assert stage.sounding


@pytest.mark.parametrize("chunk_s", [0.0007, 0.005, 0.0137, 0.02, 0.1])
def test_the_chunking_changes_nothing(chunk_s: float) -> None:
    mic = heard(speech("lj_0002", "jfk")[: 4 * RATE], RATE)
    desks = [Desk(answer(2.0, 48_000), 48_000, begin=100.503) for _ in range(2)]
    cancellers = Halving(), Halving()
    whole = through(EchoStage(RATE, lambda _: cancellers[0]), desks[0], mic, chunk_s=0.01)
    parts = through(EchoStage(RATE, lambda _: cancellers[1]), desks[1], mic, chunk_s=chunk_s)
    assert np.array_equal(whole[0], parts[0])
    assert np.array_equal(whole[1], parts[1])
    assert np.array_equal(np.concatenate(cancellers[0].references), np.concatenate(cancellers[1].references))


def test_erle_is_that_of_the_last_second_and_ends_with_the_sound() -> None:
    stage, desk = EchoStage(RATE, lambda _: Halving(0)), Desk(answer(2.0), RATE)
    loud = np.full(2 * RATE, 4000, np.int16)
    through(stage, desk, loud)
    assert stage.erle_db == pytest.approx(6.02, abs=0.01)
    stage.process(loud[: int(1.5 * RATE)], 102.0)  # 0.4 s of tail, then more than a second without
    assert stage.erle_db is None


def test_of_silence_there_is_no_erle() -> None:
    stage = EchoStage(RATE, lambda _: Halving())
    through(stage, Desk(answer(2.0), RATE), np.zeros(RATE, np.int16))
    assert stage.erle_db is None


def test_without_a_canceller_all_passes_and_the_levels_are_told() -> None:
    mic = np.full(3 * RATE, 100, np.int16)
    stage = EchoStage(RATE)
    clean, raw, levels = through(stage, Desk(answer(), RATE, begin=101.0), mic, chunk_s=0.007)
    assert np.array_equal(clean, mic)
    assert np.array_equal(raw, mic)
    assert 160 <= len(levels) <= 168  # the second, its tail, and a little before
    assert all(level.microphone == pytest.approx(10_000) for level in levels)
    power = np.mean([level.reference for level in levels[20:121]])
    assert power == pytest.approx(np.mean(answer().astype(float) ** 2), rel=0.1)


def test_after_a_restart_counting_begins_anew() -> None:
    stage, desk = EchoStage(RATE, lambda _: Halving()), Desk(answer(), RATE)
    through(stage, desk, recording(0.5))
    stage.restart()
    stage.listen_to(None)
    out = stage.process(recording()[:999], 200.0)
    assert np.array_equal(out.samples, recording()[:999])


def test_the_gate_closes_while_something_is_heard_and_a_tail_longer() -> None:
    gate = HalfDuplexGate()
    assert not gate.closed(0, 0.0)
    assert gate.closed(4800, 1.0)
    assert gate.closed(1, 1.1)
    assert gate.closed(0, 1.1 + TAIL_S - 0.01)
    assert not gate.closed(0, 1.1 + TAIL_S)
    assert not gate.closed(0, 1.2)  # open stays open until something is heard again
    assert gate.closed(10, 1.2)
