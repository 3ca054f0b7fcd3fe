from __future__ import annotations

import numpy as np
import pytest
from echo_room import Desk, speech

from tui_assistant.audio.played import PlayedSound
from tui_assistant.audio.reference import LEAD_S, SLACK_S, Reference

RATE = 16_000
FRAME = 160


def take(desk: Desk, seconds: float, *, begin: float = 100.0, drift: float = 0.0) -> np.ndarray:
    """The reference for a microphone that records from `begin` on."""
    reference, out = Reference(desk.sound, RATE), []
    for number in range(int(seconds * 100)):
        at = begin + number / 100 * (1 + drift)
        desk.until(at + 0.02)
        out.append(reference.take(at, FRAME))
    return np.concatenate(out)


def lag(late: np.ndarray, early: np.ndarray) -> int:
    """By how many samples `late` follows `early`; negative: it comes first."""
    size = 2 * max(late.size, early.size)
    match = np.fft.irfft(np.fft.rfft(late.astype(float), size) * np.conj(np.fft.rfft(early.astype(float), size)), size)
    best = int(np.argmax(match))
    return best if best < size // 2 else best - size


@pytest.mark.parametrize("rate", [16_000, 24_000, 44_100, 48_000])
def test_it_comes_earlier_than_it_sounds_by_the_lead(rate: int) -> None:
    played = speech("lj_0002", rate=rate)[: 2 * rate]
    got = take(Desk(played, rate), 2.2)
    at_our_rate = speech("lj_0002")[: 2 * RATE]
    early = int(LEAD_S * RATE)
    assert abs(lag(got, at_our_rate) + early) <= 1
    middle = slice(RATE // 2, RATE)
    assert np.corrcoef(got[middle], at_our_rate[RATE // 2 + early : RATE + early])[0, 1] > 0.99


def test_jitter_of_the_devices_times_makes_no_jumps() -> None:
    played = speech("lj_0002")[: 2 * RATE]
    got = take(Desk(played, RATE, jitter_s=0.008), 2.0)
    shift = -lag(got, played)
    assert abs(shift - LEAD_S * RATE) < SLACK_S * RATE
    kept = min(got.size, played.size - shift)
    same = got[:kept] == played[shift : shift + kept]
    assert same[RATE // 2 :].all()  # once there are enough times, sample for sample in one line


def test_a_clock_that_runs_away_is_followed() -> None:
    played = np.tile(speech("lj_0002", "lj_0004"), 3)
    drift = 2e-3  # far more than any device's: 40 ms in 20 s
    got = take(Desk(played, RATE, drift=drift), 20.0)
    last = got[-RATE:]
    true = int((20.0 - 1.0 + LEAD_S) * RATE * (1 + drift))
    around = played[true - RATE // 10 : true + RATE + RATE // 10]
    assert abs(lag(around, last) - RATE // 10) <= SLACK_S * RATE


def test_nothing_played_is_silence() -> None:
    assert not Reference(PlayedSound(48_000), RATE).take(5.0, FRAME).any()


def test_the_next_answer_is_aligned_anew() -> None:
    sound, reference, out = PlayedSound(RATE), None, []
    first, second = np.full(RATE // 2, 1000, np.int16), speech("lj_0004")[:RATE]
    reference = Reference(sound, RATE)
    handed = 0
    for number in range(400):
        now = 50.0 + number / 100
        if number == 0:
            sound.restart()
        if number == 120:  # at 51.2; the first one ended at 50.65
            sound.cut(now)
            sound.restart()
            handed = 0
        piece, begin = (first, 50.15) if number < 120 else (second, 51.35)
        while begin + handed / RATE - 0.15 <= now:
            block = piece[handed : handed + FRAME]
            sound.add(block if block.size else np.zeros(FRAME, np.int16), block.size > 0, begin + handed / RATE)
            handed += FRAME
        out.append(reference.take(now - 0.02, FRAME))
    got = np.concatenate(out)
    at = int((1.35 + 0.02 - LEAD_S) * RATE)
    assert np.array_equal(got[at : at + RATE], second)
    assert not got[at - RATE // 4 : at].any()


@pytest.mark.parametrize("works", [True, False])
def test_a_canceller_that_has_found_the_echo_is_not_led_astray_by_the_clocks(works: bool) -> None:
    """The times of a device that has just begun may be so wrong; then they get better."""
    desk = Desk(speech("lj_0002")[: 3 * RATE], RATE, error_s=0.05)
    reference = Reference(desk.sound, RATE)
    out = []
    for number in range(250):
        at = 100.0 + number / 100
        if number == 50:
            desk._error_s = 0.0
        desk.until(at + 0.02)
        out.append(reference.take(at, FRAME, lambda: works))
        if number == 40:
            first = reference.jumps
    assert np.concatenate(out).any()
    assert (reference.jumps == first) is works
