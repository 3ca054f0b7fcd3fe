"""The kinds of values that stand in a sentence: how each is found in it, and what people say for it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from .durations import parse_duration
from .expressions import ArithmeticRefused, parse_expression
from .numbers import NUMBER_WORDS, is_digits, number_words, parse_number
from .phrases import sample
from .units import UNITS, Unit, parse_unit
from .words import word_set

NAMES = word_set(
    "pasta egg eggs tea coffee pizza rice bread cake cookie cookies laundry oven chicken potato potatoes soup workout",
    "break nap meeting reading dinner lunch breakfast kitchen homework walk plank stretch yoga cooking baking",
    "steak vegetables noodles garden shower",
)
_SPOKEN_NAMES = tuple(sorted(NAMES))
_NOT_A_NAME = NUMBER_WORDS | word_set(
    "a an the my for to of in on at is it timer timers all every new another and set start stop cancel minute minutes",
    "hour hours second seconds this that with called named up what how long much time left me by your our other one",
    "last first next now day days begin create make delete remove check status are you i not do",
)
_NOTES = (
    "(buy (milk|bread|eggs|coffee|butter|apples|cheese|flowers|tickets|batteries)|"
    "call (mom|dad|the doctor|the bank|my sister|the office|john)|water the plants|pay the (rent|bill|phone bill)|"
    "take out the (trash|garbage)|pick up the (kids|package|laundry|dry cleaning)|"
    "(clean|fix|paint) the (kitchen|car|door|window|bathroom)|send the (letter|email|report|package)|"
    "(meet|email|write to) (anna|peter|mary|david) (tomorrow|on monday|on friday|at noon|next week)|"
    "book a (table|flight|hotel|room)|return the (books|shoes|keys)|feed the (cat|dog|fish)|"
    "finish the (report|book|project|homework)|the (meeting|party|dinner) is (on (monday|tuesday|wednesday|thursday|"
    "friday)|tomorrow|at noon|tonight))"
)

Value = str | float
Found = tuple[int, Value, float]  # index after the last token, the value, a penalty in the matcher's units


@dataclass(frozen=True, slots=True)
class Slot:
    """`find(tokens, start)` lists what may begin there, best first; `say(rng)` makes up one, in spoken words."""

    name: str
    json_type: Literal["string", "number"]
    find: Callable[[Sequence[str], int], list[Found]]
    say: Callable[[random.Random], str]
    choices: tuple[str, ...] = ()
    weight: float = 1.2  # in the matcher: a value found says more than a word, a name or free words say less


def _find_duration(tokens: Sequence[str], start: int) -> list[Found]:
    found = parse_duration(tokens, start)
    return [] if found is None else [(found[1], float(found[0]), 0.0)]


def _find_number(tokens: Sequence[str], start: int) -> list[Found]:
    sign = start < len(tokens) and tokens[start] in {"minus", "-", "negative"}
    found = parse_number(tokens, start + sign)
    if found is not None:
        return [(found[1], float(-found[0] if sign else found[0]), 0.0)]
    return [(start + 1, 1.0, 0.05)] if start < len(tokens) and tokens[start] in {"a", "an"} else []


def _find_percent(tokens: Sequence[str], start: int) -> list[Found]:
    return [
        (end + (end < len(tokens) and tokens[end] in {"percent", "%"}), value, penalty)
        for end, value, penalty in _find_number(tokens, start)
    ]


def _find_unit(tokens: Sequence[str], start: int) -> list[Found]:
    found = parse_unit(tokens, start)
    return [] if found is None else [(found[1], found[0].name, 0.0)]


def _find_expression(tokens: Sequence[str], start: int) -> list[Found]:
    """The tokens themselves are the value: a sum without an answer is refused by the skill, politely."""
    if start >= len(tokens):
        return []
    try:
        found = parse_expression(tokens, start)
    except ArithmeticRefused:
        return [(len(tokens), " ".join(tokens[start:]), 0.0)]
    return [] if found is None else [(found[1], " ".join(tokens[start : found[1]]), 0.0)]


def _find_name(tokens: Sequence[str], start: int) -> list[Found]:
    found: list[Found] = []
    for size in (1, 2):
        words = tokens[start : start + size]
        if len(words) == size and not any(word in _NOT_A_NAME or is_digits(word) for word in words):
            known = all(word in NAMES for word in words)
            found.append((start + size, " ".join(words), 0.0 if known else 0.3 * size))
    return found


def _find_free(tokens: Sequence[str], start: int) -> list[Found]:
    """To the end of the request, or to the list that it goes on ("... to my notes")."""
    ends = [len(tokens) - 3] if tuple(tokens[-2:]) in {("my", "notes"), ("my", "list")} else []
    return [(end, " ".join(tokens[start:end]), 0.0) for end in (*ends, len(tokens)) if start < end]


def _say_whole(rng: random.Random) -> str:
    top = rng.choice((12, 20, 100, 100, 100, 1000, 1000, 10_000, 1_000_000))
    value = rng.randrange(0, top)
    if rng.random() < 0.3 and value >= 100:
        value = value // 100 * 100
    text = number_words(value)
    if rng.random() < 0.5:
        text = text.replace(" and ", " ")
    return "a" + text[3:] if text.startswith("one hundred") and rng.random() < 0.4 else text


def _say_number(rng: random.Random) -> str:
    draw = rng.random()
    if draw < 0.69:
        return _say_whole(rng)
    if draw < 0.92:
        return f"{number_words(rng.randrange(100))} point {number_words(rng.randrange(1, 10))}"
    if draw < 0.95:
        one, two, three = (number_words(rng.randrange(10)) for _ in range(3))
        return f"{one} point {two} {three}"
    return f"{number_words(rng.randrange(1, 20))} and a half"


def _say_amount(rng: random.Random) -> str:
    """Before a unit: also "a", "half a", "a dozen"."""
    draw = rng.random()
    if draw < 0.1:
        return "a"
    return rng.choice(("half a", "a hundred", "one", "a quarter of a")) if draw < 0.15 else _say_number(rng)


def _say_duration(rng: random.Random) -> str:
    draw = rng.random()
    if draw < 0.06:
        return rng.choice(
            ("half an hour", "an hour and a half", "a quarter of an hour", "a minute and a half", "half a minute")
        )
    if draw < 0.12:
        return f"{number_words(rng.randrange(1, 31))} and a half {rng.choice(('minutes', 'hours'))}"
    if draw < 0.18:
        return rng.choice(("a minute", "an hour", "one minute", "one hour", "one second", "a second"))
    if draw < 0.68:
        return _say_part(rng, rng.choice(("hour", "minute", "minute", "second")))
    units = rng.choice((("hour", "minute"), ("minute", "second"), ("hour", "minute", "second")))
    parts = [_say_part(rng, unit) for unit in units]
    glue = " and " if rng.random() < 0.75 else " "
    return " ".join(parts[:-1]) + glue + parts[-1]


def _say_part(rng: random.Random, unit: str) -> str:
    top = 25 if unit == "hour" else 100
    count = rng.choice((rng.randrange(1, top), rng.choice((1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 90))))
    return f"{number_words(count)} {unit}{'' if count == 1 else 's'}"


def say_unit(unit: Unit, rng: random.Random, *, single: bool = False) -> str:
    if unit.kind == "temperature" and rng.random() < 0.6:
        return unit.name.split()[-1]
    return unit.name if single else unit.plural


def _say_expression(rng: random.Random) -> str:
    one, two = _say_number(rng), _say_number(rng)
    draw = rng.random()
    if draw < 0.46:
        sign = rng.choice(("plus", "minus", "times", "divided by", "multiplied by", "times", "over"))
        text = f"{one} {sign} {two}"
        return f"{text} {rng.choice(('plus', 'minus', 'times'))} {_say_number(rng)}" if rng.random() < 0.15 else text
    if draw < 0.58:
        return f"{_say_whole(rng)} percent of {two}"
    if draw < 0.65:
        return f"the square root of {one}"
    if draw < 0.69:
        return f"{one} {rng.choice(('squared', 'cubed', 'to the power of ' + number_words(rng.randrange(2, 11))))}"
    return rng.choice(
        (
            f"half of {one}",
            f"the sum of {one} and {two}",
            f"the product of {one} and {two}",
            f"add {one} and {two}",
            f"add {one} to {two}",
            f"subtract {one} from {two}",
            f"multiply {one} by {two}",
            f"divide {one} by {two}",
        )
    )


def _say_note(rng: random.Random) -> str:
    return " ".join(sample(_NOTES, rng))


DURATION = Slot("duration", "number", _find_duration, _say_duration)
NUMBER = Slot("number", "number", _find_number, _say_amount)
PERCENT = Slot("percent", "number", _find_percent, lambda rng: number_words(rng.randrange(101)) + " percent")
UNIT = Slot(
    "unit", "string", _find_unit, lambda rng: say_unit(rng.choice(UNITS), rng), tuple(unit.name for unit in UNITS)
)
EXPRESSION = Slot("expression", "string", _find_expression, _say_expression)
NAME = Slot("name", "string", _find_name, lambda rng: rng.choice(_SPOKEN_NAMES), weight=0.7)
FREE = Slot("free", "string", _find_free, _say_note, weight=0.3)
