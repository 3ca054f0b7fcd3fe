from __future__ import annotations

import pytest

from tui_assistant.tui.bindings import Context, bar_of
from tui_assistant.tui.drawing.keybar import Cap, keybar
from tui_assistant.tui.drawing.runs import text_of, width_of
from tui_assistant.tui.widgets.keybar import KEPT

MAIN = [Cap(key.label, key.name, key.action, key.action in ("mode", "help", "quit")) for key in bar_of(Context.MAIN)]


def test_the_bar_of_the_main_screen_fits_in_80_columns() -> None:
    line, _ = keybar(MAIN, 80)
    assert text_of(line).rstrip() == (" space talk  m mode  t tune  i type  esc interrupt  x mute  ? more  q quit")


@pytest.mark.parametrize(
    ("context", "entries"),
    [
        (Context.TUNE, ("←→ change", "n presets", "u undo", "s save", "esc leave", "q quit")),
        (Context.LINES, ("↑↓ choose", "enter why", "c cut off", "s too slow", "f not speech", "u unmark", "esc leave")),
        (Context.CARD, ("c cut off", "s too slow", "f not speech", "u unmark", "esc close")),
        (Context.PRESETS, ("enter use it", "s save these", "esc close")),
        (Context.SAVE, ("enter save", "esc leave it")),
    ],
)
def test_the_important_keys_of_every_place_fit_in_80_columns(context: Context, entries: tuple[str, ...]) -> None:
    width = 80 if context in (Context.TUNE, Context.LINES, Context.CARD) else 72  # of a dialog
    line, _ = keybar([Cap(key.label, key.name, key.action, key.action in KEPT) for key in bar_of(context)], width)
    assert width_of(line) <= width + 1
    for entry in entries:
        assert entry in text_of(line)


def test_a_narrow_bar_keeps_mode_help_and_quit() -> None:
    line, _ = keybar(MAIN, 36)
    assert width_of(line) <= 36 + 1
    for entry in ("m mode", "? more", "q quit"):
        assert entry in text_of(line)


def test_spans_are_where_the_entries_stand() -> None:
    line, spans = keybar(MAIN, 80)
    text = text_of(line)
    assert [(text[span.start : span.end].strip(), span.action) for span in spans][:2] == [
        ("space talk", "talk"),
        ("m mode", "mode"),
    ]
