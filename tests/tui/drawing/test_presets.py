from __future__ import annotations

from tui_assistant.client.tuning import PRESETS, Preset, Tuning
from tui_assistant.tui.drawing.presets import changes, in_force, preset_rows
from tui_assistant.tui.drawing.runs import text_of, width_of


def texts(presets: tuple[Preset, ...] = PRESETS, cursor: int = 0, height: int = 40, width: int = 76) -> list[str]:
    return [text_of(row) for row in preset_rows(presets, Tuning(), cursor, width, height)[0]]


def test_each_says_when_to_take_it_and_what_it_would_change() -> None:
    rows = texts()
    assert len(rows) == 2 * len(PRESETS)
    assert "office  keys, chairs, voices far away" in rows[2]
    assert rows[3].split() == ["threshold", "0.60", "min_speech_ms", "96", "ms"]
    assert rows[1].strip() == "in force"


def test_eagerness_counts_with_semantic_vad_only() -> None:
    patient = PRESETS[4]
    assert changes(patient, Tuning()) == ("silence_duration_ms",)
    assert changes(patient, Tuning(kind="semantic_vad")) == ("eagerness",)
    assert in_force(patient, Tuning(silence_duration_ms=1_000))


def test_the_cursor_and_what_is_in_force_are_marked() -> None:
    rows = texts(cursor=1)
    assert rows[0].startswith("  ✓ quiet room")
    assert rows[2].startswith("▸   office")


def test_the_cursor_is_in_sight() -> None:
    assert any(row.startswith("▸   snappy") for row in texts(cursor=5, height=5))
    assert len(texts(cursor=5, height=5)) == 4
    assert texts((), height=5) == []


def test_a_foreign_name_is_shown_harmless_and_fits() -> None:
    rows = texts((Preset("\x1b[31mred\x07 " + "w" * 200, "\x1b]0;t", {"threshold": 0.4}),), width=50)
    assert "\x1b" not in rows[0]
    assert "\x07" not in rows[0]
    assert all(width_of([(row, "")]) <= 50 for row in rows)
