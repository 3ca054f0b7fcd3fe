"""A gain that may change while sound runs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_assistant.sound.gain import Gain
from tui_assistant.sound.level import rms_dbfs


def noise(samples: int = 16_000) -> np.ndarray:
    return np.random.default_rng(1).integers(-1000, 1000, samples).astype(np.int16)


def test_at_0_db_nothing_is_touched() -> None:
    samples = noise()
    assert Gain().on(samples) is samples


@pytest.mark.parametrize("db", [-20.0, -6.0, 6.0, 20.0])
def test_the_level_moves_by_the_gain(db: float) -> None:
    samples = noise()
    assert rms_dbfs(Gain(db).on(samples)) == pytest.approx(rms_dbfs(samples) + db, abs=0.1)


def test_full_scale_is_the_end() -> None:
    loud = Gain(40.0).on(noise())
    assert loud.dtype == np.int16
    assert (loud.min(), loud.max()) == (-32768, 32767)


def test_a_change_goes_there_in_a_line_and_stays() -> None:
    gain, steady = Gain(), np.full(160, 1000, np.int16)
    gain.db = 6.0
    ramp = gain.on(steady).astype(int)
    assert ramp[-1] == round(1000 * 10**0.3)
    assert np.abs(np.diff(ramp)).max() <= 7  # a step of 995 in 160 samples; at once it would click
    assert set(gain.on(steady)) == {ramp[-1]}
    gain.db = 0.0
    assert gain.on(np.zeros(0, np.int16)).size == 0
    assert gain.on(steady)[0] > 1900  # an empty block was no step
    assert gain.on(steady) is steady


@given(st.lists(st.integers(0, 50), min_size=1, max_size=8), st.floats(-20, 40))
def test_a_steady_gain_does_not_depend_on_the_chunking(sizes: list[int], db: float) -> None:
    samples = noise(sum(sizes))
    whole, parts, gain = Gain(db).on(samples), [], Gain(db)
    for begin, size in zip(np.cumsum([0, *sizes]), sizes, strict=False):
        parts.append(gain.on(samples[begin : begin + size]))
    assert np.array_equal(np.concatenate(parts), whole)
