from __future__ import annotations

from fake_talk import frames_until

from tui_assistant.runtime.api import Phase, ScopeFrame
from tui_assistant.tui.drawing.columns import Column, columns


def frame(at_ms: int, p: float = 0.0, phase: Phase = Phase.QUIET, commit: bool = False) -> ScopeFrame:
    return ScopeFrame(at_ms, p, -40.0, phase, commit)


def test_a_column_is_100_ms_and_shows_the_highest_p() -> None:
    assert columns([frame(32, 0.25), frame(64, 0.5), frame(96, 0.125), frame(128, 1.0)], 2) == (
        Column(32, Phase.QUIET),
        Column(64, Phase.QUIET),
    )


def test_the_newest_is_at_the_right_and_what_is_not_there_is_none() -> None:
    assert columns([frame(96)], 3) == (None, None, Column(0, Phase.QUIET))
    assert columns([], 3) == (None, None, None)


def test_a_gap_stays_a_gap() -> None:
    assert columns([frame(50), frame(350)], 4)[1:3] == (None, None)


def test_speech_wins_over_waiting_and_a_commit_is_kept() -> None:
    cells = columns([frame(32, phase=Phase.SPEECH), frame(64, phase=Phase.WAITING, commit=True), frame(96)], 1)
    assert cells == (Column(0, Phase.SPEECH, commit=True),)


def test_older_columns_do_not_change_when_frames_come() -> None:
    before, after = columns(frames_until(4_095), 50), columns(frames_until(4_200), 50)
    assert after[:-2] == before[1:-1]  # 4100 begins a column; the one before was still growing


def test_a_p_out_of_range_is_held_in_it() -> None:
    assert columns([frame(10, 1.5)], 1) == (Column(64, Phase.QUIET),)
