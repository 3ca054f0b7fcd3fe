"""Lengths of time as people say them, and back."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from .numbers import Parsed, number_words, parse_number

_SECONDS = {
    **dict.fromkeys(("day", "days", "d"), 86_400),
    **dict.fromkeys(("hour", "hours", "hr", "hrs", "h"), 3_600),
    **dict.fromkeys(("minute", "minutes", "min", "mins", "m"), 60),
    **dict.fromkeys(("second", "seconds", "sec", "secs", "s"), 1),
}
_AFTERS: dict[tuple[str, ...], Fraction] = {
    ("and", "a", "half"): Fraction(1, 2),
    ("and", "a", "quarter"): Fraction(1, 4),
    ("and", "three", "quarters"): Fraction(3, 4),
}


def parse_duration(tokens: Sequence[str], start: int) -> Parsed | None:
    """Seconds: "an hour and a half", "five and a half minutes", "2 h 30 min", "two minutes thirty"."""
    total, at, smallest = Fraction(0), start, 10**9
    while True:
        glue = at > start and at < len(tokens) and tokens[at] == "and"
        part = _part(tokens, at + glue)
        if part is None or part[1] >= smallest:
            break
        amount, unit, at = part
        total, smallest = total + amount * unit, unit
        if (after := _AFTERS.get(tuple(tokens[at : at + 3]))) is not None and amount.denominator == 1:
            return total + after * unit, at + 3
    if at == start:
        return None
    if smallest in {3_600, 60} and (rest := parse_number(tokens, at)) is not None and _ends(tokens, rest[1]):
        value, end = rest
        if value.denominator == 1 and 0 < value < 60:
            return total + value * (smallest // 60), end
    return total, at


def _ends(tokens: Sequence[str], at: int) -> bool:
    return at == len(tokens) or tokens[at] in {"timer", "from", "for"}


def _part(tokens: Sequence[str], at: int) -> tuple[Fraction, int, int] | None:
    number = parse_number(tokens, at)
    if number is None and at < len(tokens) and tokens[at] in {"a", "an"}:
        number = Fraction(1), at + 1
    if number is None or number[1] >= len(tokens):
        return None
    unit = _SECONDS.get(tokens[number[1]])
    return None if unit is None else (number[0], unit, number[1] + 1)


def _parts(seconds: float) -> list[tuple[int, str]]:
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3_600)
    minutes, left = divmod(rest, 60)
    parts = [(hours, "hour"), (minutes, "minute"), (left, "second")]
    return [(count, name) for count, name in parts if count] or [(0, "second")]


def duration_words(seconds: float) -> str:
    """ "one hour, two minutes and five seconds"."""
    words = [f"{number_words(count)} {name}{'' if count == 1 else 's'}" for count, name in _parts(seconds)]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def duration_label(seconds: float) -> str:
    """As it stands before "timer": "five minute", "one hour twenty minute"."""
    return " ".join(f"{number_words(count)} {name}" for count, name in _parts(seconds))
