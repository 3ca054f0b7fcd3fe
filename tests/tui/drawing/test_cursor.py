from __future__ import annotations

import pytest

from tui_assistant.runtime.api import Phase, ScopeFrame
from tui_assistant.tui.drawing.columns import window_at
from tui_assistant.tui.drawing.cursor import figures, silence_ms
from tui_assistant.tui.drawing.runs import text_of, width_of

FRAMES = (
    ScopeFrame(32, 0.1, -58.2, Phase.QUIET),
    ScopeFrame(64, 0.9, -23.4, Phase.SPEECH),
    ScopeFrame(96, 0.6, -30.0, Phase.SPEECH),
    ScopeFrame(128, 0.2, -50.0, Phase.WAITING, judged=0.93),
    ScopeFrame(160, 0.1, -50.0, Phase.WAITING),
    ScopeFrame(192, 0.1, -50.0, Phase.QUIET, commit=True, decided=False),
)


def said(at_ms: int, column_ms: int = 32) -> str:
    return text_of(figures(FRAMES, window_at(192, column_ms, 6), at_ms, 70)).split("here", 1)[1].strip()


@pytest.mark.parametrize(
    ("at_ms", "words"),
    [
        (32, "0.03 s  p 0.10  -58 dBFS  quiet"),
        (64, "0.06 s  p 0.90  -23 dBFS  speech"),
        (128, "0.13 s  p 0.20  -50 dBFS  silence 32 ms  P(end) 0.93"),
        (160, "0.16 s  p 0.10  -50 dBFS  silence 64 ms"),
        (192, "0.19 s  p 0.10  -50 dBFS  quiet  turn ends  estimate"),
        (999, "1.00 s  nothing was heard here"),
    ],
)
def test_what_was_heard_then(at_ms: int, words: str) -> None:
    assert said(at_ms) == words


def test_silence_to_the_last_bit_is_written_as_beside_the_meter() -> None:
    frames = (ScopeFrame(32, 0.0, -120.0, Phase.QUIET),)
    assert "  -∞ dBFS" in text_of(figures(frames, window_at(32, 32, 6), 32, 70))


def test_what_is_not_kept_is_said_whole_in_the_narrowest_scope() -> None:
    line = text_of(figures(FRAMES[3:], window_at(192, 32, 6), 32, 52))
    assert line.endswith("0.03 s  nothing is kept after two minutes")


def test_of_a_wide_column_the_highest_p_which_is_the_one_that_is_drawn() -> None:
    assert said(20, 100).startswith("0.06 s  p 0.90")


def test_silence_is_counted_only_inside_a_turn() -> None:
    assert silence_ms(FRAMES, 64) == 0
    assert silence_ms(FRAMES[3:], 160) == 0  # where it began is not kept


@pytest.mark.parametrize("width", [12, 30, 50, 70])
def test_it_fits(width: int) -> None:
    assert width_of(figures(FRAMES, window_at(192, 32, 6), 128, width)) <= width
