"""Arithmetic in words and signs: a small recursive-descent parser that can do nothing else.

expression := prefixed | sum
prefixed   := add E (and|to) E | subtract E from E | multiply E by E | divide E by E
sum        := product ((plus|minus) product)*        "80 plus 15 percent" takes the percentage of 80
product    := factor ((times|divided by|modulo) factor)*
factor     := minus factor | root [(squared|cubed|to the power of factor)]
root       := the square root of factor | percentage [of factor] | half of factor | ( sum ) | number
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from .numbers import Parsed, parse_number

MAX_DEPTH = 20  # brackets within brackets; deeper ones are a mistake or an attack on the stack
MAX_VALUE = 10**15  # larger results are not read out
_SIGNS = {"plus": "+", "minus": "-", "times": "*", "x": "*", "over": "/", "modulo": "mod", "mod": "mod"}
_SPOKEN = {("multiplied", "by"): "*", ("divided", "by"): "/"}
_SUM, _PRODUCT = {"+", "-"}, {"*", "/", "mod"}
_PREFIXES = {
    "add": ({"and", "to"}, "+"),
    "subtract": ({"from"}, "-"),
    "multiply": ({"by", "and", "with"}, "*"),
    "divide": ({"by"}, "/"),
}
_PARTS = {"half": Fraction(1, 2), "quarter": Fraction(1, 4), "third": Fraction(1, 3)}


class ArithmeticRefused(Exception):  # noqa: N818  # a refusal, not a fault
    """The sum is understood and has no answer; str() says why, as a sentence."""


def parse_expression(tokens: Sequence[str], start: int) -> Parsed | None:
    """The longest expression at `start` with at least one operation; raises ArithmeticRefused."""
    parser = _Parser(tokens, start)
    value = parser.expression()
    return None if value is None or not parser.operations else (value, parser.at)


class _Parser:
    def __init__(self, tokens: Sequence[str], at: int) -> None:
        self.tokens = tokens
        self.at = at
        self.operations = 0
        self.depth = 0

    def _taken(self, *phrases: str) -> bool:
        for phrase in phrases:
            words = phrase.split()
            if list(self.tokens[self.at : self.at + len(words)]) == words:
                self.at += len(words)
                return True
        return False

    def _sign(self, wanted: set[str]) -> str | None:
        token = self.tokens[self.at] if self.at < len(self.tokens) else ""
        following = self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else ""
        sign = _SIGNS.get(token, token)
        size = 1
        if (spoken := _SPOKEN.get((token, following))) is not None:
            sign, size = spoken, 2
        if sign not in wanted:
            return None
        self.at += size
        return sign

    def expression(self) -> Fraction | None:
        start = self.at
        if start < len(self.tokens) and (prefix := _PREFIXES.get(self.tokens[start])) is not None:
            self.at += 1
            first = self.sum()
            if first is not None and self.at < len(self.tokens) and self.tokens[self.at] in prefix[0]:
                turned = self.tokens[self.at] == "from"
                self.at += 1
                second = self.sum()
                if second is not None:
                    self.operations += 1
                    return _apply(prefix[1], second, first) if turned else _apply(prefix[1], first, second)
            self.at = start
            return None
        return self.sum()

    def sum(self) -> Fraction | None:
        value = self.product()
        while value is not None:
            before = self.at
            if (sign := self._sign(_SUM)) is None:
                return value
            operand_at = self.at
            right = self.product()
            if right is None:
                self.at = before
                return value
            if self.tokens[self.at - 1] in {"percent", "%"} and self._is_plain_percentage(operand_at):
                right = value * right
            value = _apply(sign, value, right)
            self.operations += 1
        return None

    def _is_plain_percentage(self, start: int) -> bool:
        number = parse_number(self.tokens, start)
        return number is not None and number[1] == self.at - 1

    def product(self) -> Fraction | None:
        value = self.factor()
        while value is not None:
            before = self.at
            if (sign := self._sign(_PRODUCT)) is None:
                return value
            right = self.factor()
            if right is None:
                self.at = before
                return value
            value = _apply(sign, value, right)
            self.operations += 1
        return None

    def factor(self) -> Fraction | None:
        self.depth += 1
        try:
            if self.depth > MAX_DEPTH:
                return None
            if self._taken("minus", "negative", "-"):
                inner = self.factor()
                return None if inner is None else -inner
            return self._power()
        finally:
            self.depth -= 1

    def _power(self) -> Fraction | None:
        value = self._root()
        while value is not None:
            before = self.at
            if self._taken("squared"):
                exponent: Fraction | None = Fraction(2)
            elif self._taken("cubed"):
                exponent = Fraction(3)
            elif self._taken("to the power of", "to the power", "raised to the power of", "raised to", "^"):
                exponent = self.factor()
            else:
                return value
            if exponent is None:
                self.at = before
                return value
            value = _power(value, exponent)
            self.operations += 1
        return None

    def _root(self) -> Fraction | None:
        start = self.at
        self._taken("the")
        if self._taken("square root of", "square root", "root of", "root"):
            inner = self.factor()
            if inner is not None:
                self.operations += 1
                return _square_root(inner)
        elif self._taken("sum of"):
            return self._pair("+", start)
        elif self._taken("product of"):
            return self._pair("*", start)
        elif self._taken("difference between", "difference of"):
            return self._pair("-", start)
        elif self._taken("("):
            inner = self.sum()
            if inner is not None and self._taken(")"):
                return inner
        elif self.at == start:
            return self._number()
        self.at = start
        return None

    def _pair(self, sign: str, start: int) -> Fraction | None:
        first = self.product()
        second = self.product() if first is not None and self._taken("and") else None
        if first is None or second is None:
            self.at = start
            return None
        self.operations += 1
        return _apply(sign, first, second)

    def _number(self) -> Fraction | None:
        for words in (("a", "half"), ("a", "quarter"), ("a", "third"), ("half",)):
            size = len(words)
            if tuple(self.tokens[self.at : self.at + size + 1]) == (*words, "of"):
                return self._share(_PARTS[words[-1]], self.at + size + 1)
        number = parse_number(self.tokens, self.at)
        if number is None:
            return None
        value, self.at = number
        if self._taken("percent", "%"):
            return self._share(value / 100, self.at + 1) if self._peeks("of") else value / 100
        return value

    def _peeks(self, word: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at] == word

    def _share(self, part: Fraction, after: int) -> Fraction | None:
        before, self.at = self.at, after
        whole = self.factor()
        if whole is None:
            self.at = before
            return None
        self.operations += 1
        return _checked(part * whole)


def _checked(value: Fraction) -> Fraction:
    if abs(value) > MAX_VALUE:
        raise ArithmeticRefused("That number is too large for me.")
    return value.limit_denominator(MAX_VALUE)


def _apply(sign: str, left: Fraction, right: Fraction) -> Fraction:
    if sign == "+":
        return _checked(left + right)
    if sign == "-":
        return _checked(left - right)
    if sign == "*":
        return _checked(left * right)
    if right == 0:
        raise ArithmeticRefused("I can't divide by zero.")
    return _checked(left / right if sign == "/" else left % right)


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if base == 0 and exponent <= 0:
        raise ArithmeticRefused("Zero to that power has no value.")
    if base < 0 and exponent.denominator != 1:
        raise ArithmeticRefused("That has no real value.")
    if base and abs(float(exponent) * math.log10(abs(float(base)) or 1e-15)) > math.log10(MAX_VALUE):
        raise ArithmeticRefused("That number is too large for me.")
    if exponent.denominator == 1 and abs(exponent) <= 64:
        return _checked(base**exponent.numerator)
    return _checked(Fraction(float(base) ** float(exponent)))


def _square_root(value: Fraction) -> Fraction:
    if value < 0:
        raise ArithmeticRefused("A negative number has no real square root.")
    return Fraction(math.sqrt(value)).limit_denominator(MAX_VALUE)
