from __future__ import annotations

from fractions import Fraction

import pytest

from tui_assistant.models.skills.expressions import MAX_VALUE, ArithmeticRefused, parse_expression
from tui_assistant.models.skills.words import tokenise


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12*3+4", 40),
        ("2 + 3 * 4", 14),
        ("(2 + 3) * 4", 20),
        ("twelve times three plus four", 40),
        ("ten minus three minus two", 5),
        ("fifteen percent of eighty", 12),
        ("15% of 80", 12),
        ("eighty plus fifteen percent", 92),
        ("100 - 10% of 50", 95),
        ("half of ninety", 45),
        ("a quarter of a hundred", 25),
        ("the square root of one hundred and forty four", 12),
        ("two to the power of ten", 1024),
        ("2^10", 1024),
        ("2**3", 8),
        ("five squared plus one", 26),
        ("three cubed", 27),
        ("minus five plus two", -3),
        ("seven divided by two", Fraction(7, 2)),
        ("17 modulo 5", 2),
        ("add five and seven", 12),
        ("subtract three from ten", 7),
        ("multiply six by seven", 42),
        ("divide nine by two", Fraction(9, 2)),
        ("the sum of six hundred and three and nine", 612),
        ("two point five times two", 5),
        ("two and a half times four", 10),
    ],
)
def test_sum(text: str, value: Fraction) -> None:
    tokens = tokenise(text)
    assert parse_expression(tokens, 0) == (value, len(tokens))


@pytest.mark.parametrize(
    "text", ["", "five", "plus", "five plus", "the square root", "add five", "times three", "(1+2"]
)
def test_no_sum(text: str) -> None:
    assert parse_expression(tokenise(text), 0) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("5 / 0", "divide by zero"),
        ("five divided by zero", "divide by zero"),
        ("5 mod 0", "divide by zero"),
        ("9^9^9", "too large"),
        ("999999999999 * 999999999999", "too large"),
        ("square root of minus four", "no real square root"),
        ("0 ^ -1", "no value"),
        ("(0-8) ^ 0.5", "no real value"),
    ],
)
def test_refused_politely(text: str, reason: str) -> None:
    with pytest.raises(ArithmeticRefused, match=reason):
        parse_expression(tokenise(text), 0)


def test_brackets_and_length_are_bounded() -> None:
    assert parse_expression(["("] * 500 + ["1", "+", "1"] + [")"] * 500, 0) is None
    assert parse_expression(["-"] * 500 + ["1"], 0) is None
    found = parse_expression(["2", "+"] * 59 + ["2"], 0)
    assert found == (120, 119)


def test_values_stay_small_whatever_is_multiplied() -> None:
    found = parse_expression(tokenise("1 / 3 / 3 / 3 / 3 / 7 / 7 / 7 / 11 / 11 / 13 * 2"), 0)
    assert found is not None
    assert found[0].denominator <= MAX_VALUE
