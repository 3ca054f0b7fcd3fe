"""Arithmetic and unit conversion."""

from __future__ import annotations

import random
from fractions import Fraction

from .base import Arguments, Context, Outcome, Parameter, Skill, number_of, text_of
from .expressions import ArithmeticRefused, parse_expression
from .numbers import number_text, parse_number
from .slots import EXPRESSION, NUMBER, UNIT, say_unit
from .units import UNITS, Unit, convert, unit_named
from .words import tokenise

_RARE = {"stone", "kelvin", "ton", "milligram", "year"}
MAX_EXPRESSION = 300  # characters


def _calculate(arguments: Arguments, _: Context) -> Outcome:
    tokens = tokenise(text_of(arguments, "expression"))
    if not tokens or len(" ".join(tokens)) > MAX_EXPRESSION:
        return Outcome("That sum is too long for me." if tokens else "What should I work out?")
    try:
        found = parse_expression(tokens, 0) or parse_number(tokens, 0)
    except ArithmeticRefused as refusal:
        return Outcome(str(refusal))
    if found is None or found[1] != len(tokens):
        return Outcome("I can't work that out.")
    value = found[0]
    exact = value == Fraction(round(value * 10_000), 10_000)
    return Outcome(f"That is {'' if exact else 'about '}{number_text(value)}.", {"result": _plain(value)})


def _plain(value: Fraction) -> str:
    return f"{float(value):.10g}"


def _counted(value: Fraction, unit: Unit) -> str:
    places = 2 if abs(value) >= 1 else 4
    return f"{number_text(value, places)} {unit.name if value == 1 else unit.plural}"


def _convert(arguments: Arguments, _: Context) -> Outcome:
    value = number_of(arguments, "value")
    source, target = unit_named(text_of(arguments, "from_unit")), unit_named(text_of(arguments, "to_unit"))
    if source is None or target is None:
        return Outcome("I don't know that unit.")
    amount = Fraction(1 if value is None else value).limit_denominator(10**9)
    converted = convert(amount, source, target)
    if converted is None:
        return Outcome(f"I can't turn {source.plural} into {target.plural}.")
    result, source, target = converted
    verb = "is" if amount == 1 or source.kind == "temperature" else "are"
    exact = result == Fraction(round(result * 100), 100)
    text = f"{_counted(amount, source)} {verb} {'' if exact else 'about '}{_counted(result, target)}."
    return Outcome(text, {"result": _plain(result)})


def _restate_convert(arguments: Arguments) -> str:
    value = number_of(arguments, "value")
    source, target = unit_named(text_of(arguments, "from_unit")), unit_named(text_of(arguments, "to_unit"))
    if source is None or target is None:
        return "convert units"
    return f"convert {_counted(Fraction(1 if value is None else value), source)} to {target.plural}"


def _say_units(rng: random.Random) -> dict[str, str]:
    """Two units of one kind, the amount agreeing in number; an ounce may also be asked for in volumes."""
    source = rng.choice(UNITS)
    source = rng.choice(UNITS) if source.name in _RARE else source  # said less often
    targets = [unit for unit in UNITS if unit.kind == source.kind and unit is not source]
    target = rng.choice(targets)
    if source.kind == "volume" and rng.random() < 0.2:
        target = next(unit for unit in UNITS if unit.name == "ounce")
    value = NUMBER.say(rng)
    single = value == "one" or value.split()[-1] == "a"
    return {"value": value, "from_unit": say_unit(source, rng, single=single), "to_unit": say_unit(target, rng)}


ARITHMETIC = Skill(
    name="arithmetic",
    description="Works out a sum: plus, minus, times, divided by, percent of, square root, powers, brackets.",
    phrases=(
        "(what is|how much is|calculate|compute|work out|what does) {expression}",
        "(tell me|do you know) (what is|what|how much) {expression} [is]",
        *("{expression}",) * 3,  # also all that begins with "add", "multiply", "half of" ...
        "what do you get if you {expression}",
        "{expression} (equals|is|makes)",
        "{expression} (equals|is) what",
        "what does {expression} (equal|make)",
        "how much does {expression} make",
    ),
    handler=_calculate,
    restate=lambda arguments: f"work out {text_of(arguments, 'expression')}",
    parameters=(Parameter("expression", EXPRESSION, "In words or signs, e.g. 12*3+4 or fifteen percent of eighty"),),
    weight=5.0,
)

CONVERT = Skill(
    name="convert",
    description="Converts between units of length, mass, volume, temperature and time.",
    phrases=(
        "how many {to_unit} (are|is) [there] in {value} {from_unit}",
        "how many {to_unit} in {value} {from_unit}",
        "how many {to_unit} (does|do|has|have) {value} {from_unit} (have|make)",
        "(convert|change|turn|translate) {value} {from_unit} (to|into|in) {to_unit}",
        "(what is|how much is|how many is|what are) {value} {from_unit} (in|to|into) {to_unit}",
        "{value} {from_unit} (in|to|into|is how many|are how many) {to_unit}",
        "how (far|long|heavy|tall|hot|warm|cold|big|old) is {value} {from_unit} in {to_unit}",
        "{value} {from_unit} (equals|is|are) how many {to_unit}",
    ),
    handler=_convert,
    restate=_restate_convert,
    parameters=(
        Parameter("value", NUMBER, "How much", required=False),
        Parameter("from_unit", UNIT, "Unit of the value"),
        Parameter("to_unit", UNIT, "Unit wanted"),
    ),
    weight=4.0,
    say=_say_units,
)

MATHS_SKILLS = (ARITHMETIC, CONVERT)
