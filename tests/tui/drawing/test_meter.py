from __future__ import annotations

import pytest

from tui_assistant.runtime.api import Level
from tui_assistant.tui.drawing.meter import FLOOR_MARK, bar, meter, meter_notes, position
from tui_assistant.tui.drawing.runs import text_of, width_of


@pytest.mark.parametrize(("dbfs", "cells"), [(-120, 0), (-60, 0), (-30, 15), (-3, 28.5), (0, 30), (3, 30)])
def test_the_bar_is_linear_in_decibels_from_minus_60_to_0(dbfs: float, cells: float) -> None:
    assert position(dbfs, 30) == cells


def test_rms_fills_the_peak_is_a_rail_and_the_hold_a_mark() -> None:
    cells = bar(Level(-40, -20, -10), 30)
    text = "".join(glyph for glyph, _ in cells)
    assert text[:10] == "█" * 10
    assert text[25] == "┃"
    assert [role for _, role in cells[10:20]] == ["voice"] * 10
    assert cells[22] == ("─", "faint")


def test_the_figure_is_in_dbfs_rms() -> None:
    text = text_of(meter(Level(-20.4, -11, -9), 70))
    assert "-20 dBFS RMS" in text
    assert text.rstrip().endswith("peak -9")


def test_digital_silence_is_no_figure() -> None:
    assert "-∞ dBFS RMS" in text_of(meter(Level(), 70))


def test_clipping_is_said_in_words() -> None:
    assert "CLIPPING" in text_of(meter(Level(-1, 0, 0, clipping=True), 70))


@pytest.mark.parametrize("rms", [-120.0, -60.0, -9.6, -100.0])
@pytest.mark.parametrize("width", [36, 40, 50, 62, 90])
def test_the_line_fits_and_keeps_its_width(rms: float, width: int) -> None:
    first = width_of(meter(Level(rms, rms, rms), width))
    assert first <= width
    assert first == width_of(meter(Level(-33, -30, -20), width)), "the figures must not make the line jump"


def test_the_noise_floor_is_a_mark_also_across_the_bar() -> None:
    cells = bar(Level(-20, -20, -20), 30, -48.0)
    assert cells[6] == (FLOOR_MARK, "cut voice")
    assert bar(Level(), 30, -48.0)[6] == (FLOOR_MARK, "ink")
    assert FLOOR_MARK not in "".join(glyph for glyph, _ in bar(Level(-20, -20, -20), 30, -120.0))


def test_the_figures_stand_under_the_mark() -> None:
    line, notes = text_of(meter(Level(), 62, noise_floor_dbfs=-48)), text_of(meter_notes(-48, 4.5, 62))
    assert notes.index("▴") == line.index(FLOOR_MARK)
    assert "▴ noise -48 dBFS" in notes
    assert notes.endswith("gain +4.5 dB")
    assert "listening" in text_of(meter_notes(-120, 0, 62))


@pytest.mark.parametrize("width", [20, 36, 50, 62, 90])
@pytest.mark.parametrize("floor", [-120.0, -60.0, -30.0, -3.0])
def test_the_figures_fit(width: int, floor: float) -> None:
    assert width_of(meter_notes(floor, -12.0, width)) <= width


def test_the_gain_is_said_where_the_figures_have_no_line() -> None:
    assert "+6 dB" in text_of(meter(Level(-20, -20, -20), 62, gain_db=6.0))
    assert "dB " not in text_of(meter(Level(-20, -20, -20), 62, gain_db=0.0)).replace("dBFS", "")
