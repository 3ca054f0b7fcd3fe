"""Volumes without clicks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_assistant.audio.fade import DUCKED, RAMP_S, Fade

RATE = 24_000
LOUD = 20_000


def constant(size: int) -> np.ndarray:
    return np.full(size, LOUD, np.int16)


def test_full_volume_changes_nothing() -> None:
    sound = constant(100)
    assert Fade().apply(sound, RATE) is sound


def test_the_first_sound_has_the_wanted_volume_at_once() -> None:
    fade = Fade()
    fade.target = 0.5
    assert set(fade.apply(constant(100), RATE)) == {LOUD // 2}


def test_ducking_takes_ten_to_twenty_ms_and_ends_at_minus_12_db() -> None:
    fade = Fade()
    fade.apply(constant(10), RATE)
    fade.target = DUCKED
    out = fade.apply(constant(RATE // 10), RATE)
    down = int(np.argmax(out == out[-1])) / RATE
    assert 0.01 <= down <= 0.02
    assert 20 * np.log10(out[-1] / LOUD) == pytest.approx(-12, abs=0.01)


def test_a_restart_fades_in_from_silence() -> None:
    fade = Fade()
    fade.restart(0.0)
    out = fade.apply(constant(RATE // 10), RATE)
    assert out[0] < LOUD / 100
    assert out[-1] == LOUD


@given(st.lists(st.tuples(st.integers(0, 500), st.floats(0, 1)), min_size=1, max_size=20))
def test_no_step_is_larger_than_the_ramps_however_it_is_cut(pieces: list[tuple[int, float]]) -> None:
    fade = Fade()
    out = [fade.apply(constant(1), RATE)]
    for size, target in pieces:
        fade.target = target
        out.append(fade.apply(constant(size), RATE))
    steps = np.abs(np.diff(np.concatenate(out).astype(int)))
    assert not steps.size or steps.max() <= LOUD / (RAMP_S * RATE) + 1
