"""Units of length, mass, volume, temperature and time, their names and the conversion between them.

Factors: the international yard and pound (1959), US customary volumes, exact by definition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Unit:
    """`factor` base units (m, kg, l, K, s) make one; a temperature also has an `offset` in kelvin."""

    name: str  # singular, as it is said
    plural: str
    kind: str
    factor: Fraction
    offset: Fraction = Fraction(0)
    aliases: tuple[str, ...] = ()


def _unit(name: str, kind: str, factor: str, *aliases: str, plural: str = "", offset: str = "0") -> Unit:
    return Unit(name, plural or name + "s", kind, Fraction(factor), Fraction(offset), aliases)


UNITS = (
    _unit("millimeter", "length", "0.001", "mm"),
    _unit("centimeter", "length", "0.01", "cm"),
    _unit("meter", "length", "1", "m"),
    _unit("kilometer", "length", "1000", "km", "kms"),
    _unit("inch", "length", "0.0254", plural="inches"),
    _unit("foot", "length", "0.3048", "ft", plural="feet"),
    _unit("yard", "length", "0.9144", "yd"),
    _unit("mile", "length", "1609.344", "mi"),
    _unit("milligram", "mass", "0.000001", "mg"),
    _unit("gram", "mass", "0.001", "g"),
    _unit("kilogram", "mass", "1", "kg", "kilo", "kilos"),
    _unit("ton", "mass", "1000", "tonne", "tonnes"),
    _unit("ounce", "mass", "0.028349523125", "oz"),
    _unit("pound", "mass", "0.45359237", "lb", "lbs"),
    _unit("stone", "mass", "6.35029318", plural="stone"),
    _unit("milliliter", "volume", "0.001", "ml"),
    _unit("liter", "volume", "1", "l"),
    _unit("teaspoon", "volume", "0.00492892159375", "tsp"),
    _unit("tablespoon", "volume", "0.01478676478125", "tbsp"),
    _unit("fluid ounce", "volume", "0.0295735295625", "fl oz"),
    _unit("cup", "volume", "0.2365882365"),
    _unit("pint", "volume", "0.473176473", "pt"),
    _unit("quart", "volume", "0.946352946", "qt"),
    _unit("gallon", "volume", "3.785411784", "gal"),
    _unit("degree celsius", "temperature", "1", "celsius", "c", "°c", "degrees c",
          plural="degrees celsius", offset="273.15"),
    _unit("degree fahrenheit", "temperature", "5/9", "fahrenheit", "f", "°f", "degrees f",
          plural="degrees fahrenheit", offset="45967/180"),
    _unit("kelvin", "temperature", "1", "k", plural="kelvin"),
    _unit("second", "time", "1", "sec", "secs", "s"),
    _unit("minute", "time", "60", "min", "mins"),
    _unit("hour", "time", "3600", "hr", "hrs", "h"),
    _unit("day", "time", "86400"),
    _unit("week", "time", "604800"),
    _unit("year", "time", "31557600"),
)  # fmt: skip
_BY_NAME = {tuple(name.split()): unit for unit in UNITS for name in (unit.name, unit.plural, *unit.aliases)}
_LONGEST = max(map(len, _BY_NAME))
_FLUID = next(unit for unit in UNITS if unit.name == "fluid ounce")


def parse_unit(tokens: Sequence[str], start: int) -> tuple[Unit, int] | None:
    for size in range(_LONGEST, 0, -1):
        unit = _BY_NAME.get(tuple(tokens[start : start + size]))
        if unit is not None and start + size <= len(tokens):
            return unit, start + size
    return None


def unit_named(name: str) -> Unit | None:
    found = parse_unit(name.lower().split(), 0)
    return found[0] if found and found[1] == len(name.split()) else None


def convert(value: Fraction, source: Unit, target: Unit) -> tuple[Fraction, Unit, Unit] | None:
    """The converted value, and the units as understood: an ounce beside a volume is a fluid ounce.

    None where the two cannot be compared.
    """
    if source.name == "ounce" and target.kind == "volume":
        source = _FLUID
    elif target.name == "ounce" and source.kind == "volume":
        target = _FLUID
    if source.kind != target.kind:
        return None
    base = value * source.factor + source.offset
    return (base - target.offset) / target.factor, source, target
