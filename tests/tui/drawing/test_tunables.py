from __future__ import annotations

from dataclasses import fields

import pytest

from tui_assistant.client.tuning import PRESETS, Tuning
from tui_assistant.protocol.session import SemanticVad, ServerVad
from tui_assistant.tui.drawing.tunables import EAGERNESS, FIELDS, FINE, KIND, Field, Row, rows_of, with_value, words_of


def names(tuning: Tuning, *, advanced: bool) -> list[str]:
    return [row.name for row in rows_of(tuning, advanced=advanced)]


def test_only_what_is_in_force_is_offered() -> None:
    assert names(Tuning(), advanced=False) == ["kind", "threshold", "silence_duration_ms", "prefix_padding_ms"]
    assert names(Tuning(kind="semantic_vad"), advanced=False) == ["kind", "eagerness"]
    assert names(Tuning(kind="semantic_vad"), advanced=True)[2:] == [
        "hysteresis",
        "min_speech_ms",
        "tail_ms",
        "gain_db",
    ]


def test_every_value_of_a_tuning_has_a_row() -> None:
    rows = {row.name for kind in KIND.options for row in rows_of(Tuning(kind=kind), advanced=True)}  # type: ignore[arg-type]
    assert rows == {each.name for each in fields(Tuning)}


@pytest.mark.parametrize("field", [*FIELDS, *FINE], ids=lambda field: field.name)
def test_defaults_presets_and_both_ends_are_taken_by_the_session(field: Field) -> None:
    assert field.low <= getattr(Tuning(), field.name) <= field.high
    for preset in PRESETS:
        assert field.low <= getattr(preset.on(Tuning()), field.name) <= field.high
    for value in (field.low, field.high):
        rules = with_value(Tuning(), field, value).rules()
        ServerVad.model_validate(rules.model_dump())  # refuses what is out of the protocol's range


def test_the_words_to_choose_from_are_those_of_the_protocol() -> None:
    for option in EAGERNESS.options:
        assert SemanticVad(eagerness=option).eagerness == option  # type: ignore[arg-type]  # the model checks it
    for option in KIND.options:
        assert with_value(Tuning(), KIND, option).rules().type == option


def test_a_value_is_brought_into_its_range_and_a_wrong_word_is_refused() -> None:
    assert with_value(Tuning(), FIELDS[0], 7).threshold == 1.0
    assert with_value(Tuning(), FINE[3], -50).gain_db == -20
    assert isinstance(with_value(Tuning(), FIELDS[1], 640.4).silence_duration_ms, int)
    with pytest.raises(ValueError, match="low, medium, high, auto"):
        with_value(Tuning(), EAGERNESS, "eager")


def test_choices_end_at_their_ends() -> None:
    assert EAGERNESS.moved("low", -1) == "low"
    assert EAGERNESS.moved("low", 1) == "medium"
    assert EAGERNESS.moved("high", 5) == "auto"


def test_values_in_words() -> None:
    assert words_of(Tuning(), "threshold") == "0.50"
    assert words_of(Tuning(), "tail_ms") == "200 ms"
    assert words_of(Tuning(), "eagerness") == "auto"


@pytest.mark.parametrize("row", [KIND, EAGERNESS, *FIELDS, *FINE], ids=lambda row: row.name)
def test_a_sentence_has_room_beside_a_conversation_of_100_columns(row: Row) -> None:
    assert len(row.brief) <= 50
