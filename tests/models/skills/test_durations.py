from __future__ import annotations

import pytest

from tui_assistant.models.skills.durations import duration_label, duration_words, parse_duration
from tui_assistant.models.skills.words import tokenise


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("five minutes", 300),
        ("a minute", 60),
        ("an hour", 3600),
        ("half an hour", 1800),
        ("a half hour", 1800),
        ("a quarter of an hour", 900),
        ("three quarters of an hour", 2700),
        ("an hour and a half", 5400),
        ("five and a half minutes", 330),
        ("one and a half hours", 5400),
        ("two hours and a quarter", 8100),
        ("six hours and twenty minutes", 22_800),
        ("one hour two minutes and three seconds", 3723),
        ("two minutes thirty", 150),
        ("90 seconds", 90),
        ("1h30m", 5400),
        ("5 min", 300),
        ("2.5 hours", 9000),
        ("a couple of minutes", 120),
    ],
)
def test_length_of_time(text: str, seconds: float) -> None:
    tokens = tokenise(text)
    assert parse_duration(tokens, 0) == (seconds, len(tokens))


@pytest.mark.parametrize("text", ["five", "minutes", "", "the five minutes"])
def test_no_length_of_time(text: str) -> None:
    assert parse_duration(tokenise(text), 0) is None


def test_said_and_read_again_for_many() -> None:
    for seconds in [*range(1, 200), *range(200, 90_000, 977)]:
        tokens = tokenise(duration_words(seconds))
        assert parse_duration(tokens, 0) == (seconds, len(tokens))


def test_label_stands_before_timer() -> None:
    assert duration_label(300) == "five minute"
    assert duration_label(4800) == "one hour twenty minute"
    assert duration_words(3723) == "one hour, two minutes and three seconds"
