from __future__ import annotations

import random
from fractions import Fraction

import pytest
from models.skills.spoken_requests import say

from tui_assistant.models.skills.numbers import number_text, number_words, parse_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("zero", 0),
        ("twelve", 12),
        ("a hundred", 100),
        ("one hundred and five", 105),
        ("twelve hundred", 1200),
        ("three thousand and four", 3004),
        ("nine hundred ninety nine thousand nine hundred and ninety nine", 999_999),
        ("two point five", Fraction(5, 2)),
        ("zero point oh five", Fraction(1, 20)),
        ("point seven five", Fraction(3, 4)),
        ("two and a half", Fraction(5, 2)),
        ("three quarters of a", Fraction(3, 4)),
        ("half a", Fraction(1, 2)),
        ("a dozen", 12),
        ("two dozen", 24),
        ("half a dozen", 6),
        ("2.5", Fraction(5, 2)),
        ("3 million", 3_000_000),
        ("a couple of", 2),
    ],
)
def test_number_in_words_or_digits(text: str, value: Fraction) -> None:
    tokens = text.split()
    assert parse_number(tokens, 0) == (value, len(tokens))


@pytest.mark.parametrize(
    ("text", "value", "end"), [("five six", 5, 1), ("ten and seven", 10, 1), ("twenty ten", 20, 1)]
)
def test_number_ends_where_the_next_begins(text: str, value: int, end: int) -> None:
    assert parse_number(text.split(), 0) == (value, end)


@pytest.mark.parametrize("text", ["", "a", "timer", "and five", "1" * 40])
def test_no_number(text: str) -> None:
    assert parse_number(text.split(), 0) is None


def test_words_and_back_for_every_size() -> None:
    rng = random.Random(7)
    for value in [*range(1200), *(rng.randrange(1_000_000) for _ in range(2_000))]:
        for text in (number_words(value), number_words(value).replace(" and ", " "), say(value)):
            tokens = text.split()
            assert parse_number(tokens, 0) == (value, len(tokens)), text


@pytest.mark.parametrize(
    ("value", "text"),
    [(40, "40"), (2.5, "2.5"), (1 / 3, "0.3333"), (12345.0, "12,345"), (-0.00001, "0"), (1e15, "1e+15")],
)
def test_number_as_shown(value: float, text: str) -> None:
    assert number_text(value) == text
