from __future__ import annotations

from dataclasses import replace

from fake_talk import frames_until
from heard import frames_of, spoken

from tui_assistant.tui.scope_cursor import LEAD, Cursor, onsets_of

FRAMES = frames_of(spoken())
COUNT = 50


def test_it_stands_still_while_frames_come() -> None:
    cursor = Cursor(FRAMES[:300])
    cursor.take(FRAMES)
    assert cursor.at_ms == FRAMES[299].at_ms
    assert cursor.newest_ms == FRAMES[299].at_ms


def test_at_the_end_it_follows_what_is_heard_until_it_is_moved() -> None:
    cursor = Cursor(FRAMES[:300])
    cursor.edge(newest=True)
    cursor.take(FRAMES[:400])
    assert cursor.at_ms == FRAMES[399].at_ms
    cursor.move(-100)
    cursor.take(FRAMES)
    assert cursor.at_ms == FRAMES[399].at_ms - 100


def test_it_stays_within_what_is_kept() -> None:
    cursor = Cursor(FRAMES[100:300])
    cursor.move(-99_999)
    assert cursor.at_ms == FRAMES[100].at_ms
    cursor.move(99_999)
    assert cursor.at_ms == FRAMES[299].at_ms
    cursor.edge(newest=False)
    assert cursor.at_ms == FRAMES[100].at_ms


def test_the_view_scrolls_only_as_far_as_the_cursor_needs() -> None:
    cursor = Cursor(FRAMES)
    first = cursor.window(100, COUNT)
    cursor.move(-1_000)
    assert cursor.window(100, COUNT) == first
    cursor.move(-5_000)
    moved = cursor.window(100, COUNT)
    assert moved.cell(cursor.at_ms) == 0
    cursor.move(300)
    assert cursor.window(100, COUNT) == moved
    cursor.move(6_000)
    assert cursor.window(100, COUNT).cell(cursor.at_ms) == COUNT - 1


def test_up_and_down_go_from_turn_to_turn() -> None:
    onsets = onsets_of(FRAMES)
    assert len(onsets) >= 4
    cursor, seen = Cursor(FRAMES), []
    for _ in onsets:
        cursor.turn(-1)
        seen.append(cursor.at_ms)
    assert seen == onsets[::-1]
    cursor.turn(-1)
    assert cursor.at_ms == onsets[0]
    cursor.turn(1)
    assert cursor.at_ms == onsets[1]


def test_a_pause_inside_a_turn_begins_no_turn() -> None:
    assert len(onsets_of(frames_until(8_000))) == 1
    held = [replace(frame, commit=frame.at_ms == 2_016) for frame in frames_until(8_000)]
    assert len(onsets_of(held)) == 2


def test_a_jump_shows_what_follows() -> None:
    cursor = Cursor(FRAMES)
    cursor.jump(4_000, 100, COUNT)
    window = cursor.window(100, COUNT)
    assert cursor.at_ms == 4_000
    assert abs(window.cell(4_000) - COUNT // LEAD) <= 1
    assert not cursor.missed
    cursor = Cursor(FRAMES[200:])
    cursor.jump(1_000, 100, COUNT)
    assert cursor.missed
    assert 0 <= cursor.window(100, COUNT).cell(1_000) < COUNT


def test_without_frames_nothing_breaks() -> None:
    cursor = Cursor(())
    cursor.move(-500)
    cursor.turn(1)
    cursor.edge(newest=False)
    cursor.jump(2_000, 100, COUNT)
    assert cursor.window(100, COUNT).count == COUNT
