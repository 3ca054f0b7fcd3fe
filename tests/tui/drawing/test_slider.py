from __future__ import annotations

import pytest

from tui_assistant.tui.drawing.runs import text_of, width_of
from tui_assistant.tui.drawing.slider import BAR_START, slider, value_at
from tui_assistant.tui.drawing.tunables import EAGERNESS, FIELDS, FINE, KIND, Choice, Field

THRESHOLD, SILENCE, PREFIX = FIELDS


def drawn(field: Field, value: float, width: int = 62, **options: bool | str) -> str:
    return text_of(slider(field, value, width, **{"chosen": False, "active": True, **options}))  # type: ignore[arg-type]


def test_a_line_is_name_value_bar() -> None:
    assert drawn(THRESHOLD, 0.5).split()[:2] == ["threshold", "0.50"]
    assert drawn(SILENCE, 500).split()[:3] == ["silence_duration_ms", "500", "ms"]


@pytest.mark.parametrize("field", [*FIELDS, *FINE], ids=lambda field: field.name)
def test_the_knob_goes_from_end_to_end(field: Field) -> None:
    low, high = drawn(field, field.low), drawn(field, field.high)
    assert low.index("●") == BAR_START
    bar = high[BAR_START:].split(" ")[0]
    assert bar.endswith("●")
    assert bar.count("━") == len(bar) - 1


@pytest.mark.parametrize("field", [*FIELDS, *FINE], ids=lambda field: field.name)
@pytest.mark.parametrize("width", [30, 38, 50, 62, 76])
def test_a_click_sets_what_is_drawn_under_it(field: Field, width: int) -> None:
    line = drawn(field, field.low, width)
    assert width_of([(line, "")]) <= width
    for cell in range(width):
        value = value_at(field, cell, width)
        if value is not None:
            assert isinstance(value, int | float)
            assert abs(drawn(field, value, width).index("●") - cell) <= 1
    assert value_at(field, BAR_START - 1, width) is None


def test_the_chosen_one_has_a_mark_and_typing_shows_the_digits() -> None:
    assert drawn(SILENCE, 500, chosen=True).startswith("▸ ")
    assert "80▏" in drawn(SILENCE, 500, chosen=True, typed="80")


def test_values_are_clamped_and_rounded() -> None:
    assert THRESHOLD.clamp(0.5 + 0.01 + 0.01) == 0.52
    assert THRESHOLD.clamp(7) == 1.0
    assert SILENCE.clamp(99) == 100
    assert isinstance(SILENCE.clamp(640.0), int)


def test_in_push_to_talk_nothing_is_lit() -> None:
    line = slider(PREFIX, 300, 62, chosen=True, active=False)
    assert {role for text, role in line if text.strip() and text != "▸ "} <= {"dim", "faint"}


def test_a_choice_shows_its_name_its_value_and_a_filled_mark() -> None:
    line = text_of(slider(EAGERNESS, "high", 76, chosen=True, active=True))
    assert line.split()[:3] == ["▸", "eagerness", "high"]
    assert "● high" in line
    assert line.count("○") == 3


@pytest.mark.parametrize("option", KIND.options)
def test_a_click_on_a_word_chooses_it(option: str) -> None:
    line = text_of(slider(KIND, "server_vad", 76, chosen=False, active=True))
    start = line.index(option, BAR_START)
    assert value_at(KIND, start, 76) == option
    assert value_at(KIND, start - 2, 76) == option
    assert value_at(KIND, BAR_START - 1, 76) is None


@pytest.mark.parametrize(("choice", "width"), [(KIND, 52), (EAGERNESS, 52), (KIND, 48)])
def test_no_word_of_a_choice_is_cut_off_beside_a_conversation_of_100_columns(choice: Choice, width: int) -> None:
    value = choice.options[-1]
    line = text_of(slider(choice, value, width, chosen=True, active=True, pending=True))
    assert line.split() == [
        "▸",
        f"{choice.label}…",
        *f"○ {' ○ '.join(choice.options)}".replace(f"○ {value}", f"● {value}").split(),
    ]
    for option in choice.options:
        assert value_at(choice, line.index(f" {option}") - 1, width) == option


def test_what_is_not_confirmed_is_marked_without_colour_too() -> None:
    assert "0.52…" in text_of(slider(THRESHOLD, 0.52, 62, chosen=True, active=True, pending=True))
    assert "…" not in drawn(THRESHOLD, 0.52)
    assert len(text_of(slider(THRESHOLD, 0.52, 62, chosen=True, active=True, pending=True))) == len(
        drawn(THRESHOLD, 0.52, chosen=True)
    )
