from __future__ import annotations

from dataclasses import replace

import pytest
from fake_talk import frames_until
from heard import frames_of, spoken

from tui_assistant.protocol.session import ServerVad
from tui_assistant.runtime.api import Phase, ScopeFrame
from tui_assistant.tui.drawing.columns import FULL, ZOOMS_MS, Column, Columns, LaneTimes, Window, columns, window_at


def frame(at_ms: int, p: float = 0.0, phase: Phase = Phase.QUIET, commit: bool = False) -> ScopeFrame:
    return ScopeFrame(at_ms, p, -40.0, phase, commit)


def until(end_ms: int, count: int, column_ms: int = 100) -> Window:
    return window_at(end_ms, column_ms, count)


def test_a_column_is_100_ms_and_shows_the_highest_p() -> None:
    frames = [frame(32, 0.25), frame(64, 0.5), frame(96, 0.125), frame(128, 1.0)]
    assert columns(frames, until(128, 2)) == (Column(32, Phase.QUIET), Column(64, Phase.QUIET))
    assert columns(frames, until(128, 1, 200)) == (Column(64, Phase.QUIET),)


def test_the_newest_is_at_the_right_and_what_is_not_there_is_none() -> None:
    assert columns([frame(96)], until(96, 3)) == (None, None, Column(0, Phase.QUIET))
    assert columns([], until(1, 3)) == (None, None, None)


def test_a_gap_stays_a_gap() -> None:
    assert columns([frame(50), frame(350)], until(350, 4))[1:3] == (None, None)


def test_speech_wins_over_waiting_and_a_commit_is_kept() -> None:
    frames = [frame(32, phase=Phase.SPEECH), frame(64, phase=Phase.WAITING, commit=True), frame(96)]
    (cell,) = columns(frames, until(96, 1))
    assert cell is not None
    assert (cell.phase, cell.commit) == (Phase.SPEECH, True)


def test_a_p_out_of_range_is_held_in_it() -> None:
    assert columns([frame(10, 1.5)], until(10, 1)) == (Column(64, Phase.QUIET),)


def test_a_moment_belongs_to_the_column_that_ends_with_it() -> None:
    window = until(1_000, 10)
    assert (window.begin_ms, window.end_ms) == (0, 1_000)
    assert (window.cell(1), window.cell(100), window.cell(101), window.cell(1_000), window.cell(1_001)) == (
        0,
        0,
        1,
        9,
        10,
    )


def waiting(number: int, ends: bool) -> list[ScopeFrame]:
    """One frame of speech, then `number` of silence, then what ends the turn or speech again."""
    after = frame(32 * (number + 2), commit=True) if ends else frame(32 * (number + 2), 0.9, Phase.SPEECH)
    silence = [frame(32 * (at + 2), phase=Phase.WAITING) for at in range(number)]
    return [frame(32, 0.9, Phase.SPEECH), *silence, after]


def fills(frames: list[ScopeFrame], needed_ms: int) -> list[int]:
    cells = Columns().of(frames, until(frames[-1].at_ms, len(frames), 32), LaneTimes(needed_ms))
    return [cell.fill for cell in cells if cell is not None]


def test_a_silence_fills_towards_what_ends_the_turn() -> None:
    assert fills(waiting(6, ends=False), 12 * 32) == [0, 1, 1, 1, 2, 2, 3, 0]


def test_a_silence_that_ended_its_turn_was_full_whatever_is_needed_now() -> None:
    assert fills(waiting(6, ends=True), 5_000) == [0, 1, 2, 3, 4, 5, FULL, 0]


def test_the_tail_is_what_was_heard_after_the_release_of_the_key() -> None:
    held = [replace(frame(32 * at, 0.9, Phase.SPEECH), decided=False) for at in range(1, 21)]
    held[-1] = replace(held[-1], commit=True)
    cells = columns(held, until(640, 20, 32), LaneTimes(tail_ms=200))
    assert [cell.tail for cell in cells if cell] == [False] * 13 + [True] * 7
    assert not any(cell.decided for cell in cells if cell)


def test_a_turn_that_rules_ended_has_no_tail() -> None:
    assert not any(cell.tail for cell in columns(frames_until(4_500), until(4_500, 50)) if cell)


def test_the_answer_says_where_it_begins() -> None:
    frames = [frame(32), frame(64, phase=Phase.ANSWER), frame(96, phase=Phase.ANSWER)]
    assert [cell and cell.reply for cell in columns(frames, until(96, 3, 32))] == [False, True, False]


@pytest.mark.parametrize("column_ms", ZOOMS_MS)
def test_what_is_remembered_equals_what_is_made_anew(column_ms: int) -> None:
    frames = frames_of(spoken(), ServerVad(silence_duration_ms=300))
    kept = Columns()
    for number in range(1, len(frames), 7):
        window = until(frames[number].at_ms, 50, column_ms)
        heard = frames[max(0, number - 300) : number + 1]
        skip = max(
            0, window.cell(heard[0].at_ms + 500) + 1
        )  # at the edge frames are missing, and where a silence began
        assert kept.of(heard, window, LaneTimes())[skip:] == columns(heard, window)[skip:], number


def test_frames_that_are_changed_afterwards_are_seen() -> None:
    kept, frames = Columns(), list(frames_of(spoken()[:300]))
    window = until(frames[-1].at_ms, 50)
    kept.of(frames, window, LaneTimes())
    for back in range(1, 40):
        frames[-back] = replace(frames[-back], phase=Phase.PADDING)
    assert kept.of(frames, window, LaneTimes()) == columns(frames, window)


def test_another_zoom_other_rules_and_older_frames_begin_anew() -> None:
    kept, frames = Columns(), frames_of(spoken()[:300])
    for size, times, count in (
        (100, LaneTimes(), 300),
        (400, LaneTimes(), 300),
        (400, LaneTimes(900), 300),
        (400, LaneTimes(900), 90),
    ):
        window = until(frames[count - 1].at_ms, 30, size)
        assert kept.of(frames[:count], window, times) == columns(frames[:count], window, times)
