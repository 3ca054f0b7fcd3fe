from __future__ import annotations

from fractions import Fraction

import pytest

from tui_assistant.models.skills.units import UNITS, convert, parse_unit, unit_named


@pytest.mark.parametrize(
    ("value", "source", "target", "result"),
    [
        (2, "cup", "ounce", 16),
        (10, "mile", "kilometer", 16.09344),
        (1, "foot", "inch", 12),
        (100, "fahrenheit", "celsius", 37.7778),
        (0, "celsius", "fahrenheit", 32),
        (-40, "celsius", "fahrenheit", -40),
        (1, "pound", "ounces", 16),
        (1, "gallon", "cups", 16),
        (1, "day", "seconds", 86_400),
        (1, "stone", "pounds", 14),
        (300, "kelvin", "celsius", 26.85),
    ],
)
def test_conversion(value: int, source: str, target: str, result: float) -> None:
    one, other = unit_named(source), unit_named(target)
    assert one is not None
    assert other is not None
    converted = convert(Fraction(value), one, other)
    assert converted is not None
    assert float(converted[0]) == pytest.approx(result, abs=1e-3)


def test_an_ounce_is_mass_or_volume_by_its_neighbour() -> None:
    ounce, pint, gram = unit_named("ounce"), unit_named("pint"), unit_named("gram")
    assert ounce is not None
    assert pint is not None
    assert gram is not None
    fluid = convert(Fraction(1), pint, ounce)
    mass = convert(Fraction(1), ounce, gram)
    assert fluid is not None
    assert mass is not None
    assert (fluid[2].name, mass[1].name) == ("fluid ounce", "ounce")


def test_units_of_different_kinds_do_not_convert() -> None:
    mile, gram = unit_named("mile"), unit_named("gram")
    assert mile is not None
    assert gram is not None
    assert convert(Fraction(1), mile, gram) is None


def test_every_unit_converts_there_and_back() -> None:
    for one in UNITS:
        for other in (unit for unit in UNITS if unit.kind == one.kind):
            there = convert(Fraction(7), one, other)
            assert there is not None
            back = convert(there[0], other, one)
            assert back is not None
            assert back[0] == 7


def test_longest_name_wins() -> None:
    found = parse_unit(["fluid", "ounces", "in"], 0)
    assert found is not None
    assert (found[0].name, found[1]) == ("fluid ounce", 2)
    assert parse_unit(["timer"], 0) is None
    assert unit_named("two cups") is None
