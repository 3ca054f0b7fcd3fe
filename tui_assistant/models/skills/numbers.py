"""Numbers as people say and type them: words to values and back."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

_ONES_LINE = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS_LINE = "twenty thirty forty fifty sixty seventy eighty ninety"
ONES = tuple(_ONES_LINE.split())
TENS = tuple(_TENS_LINE.split())
_UNITS = {word: value for value, word in enumerate(ONES)}
_TENS = {word: 10 * value for value, word in enumerate(TENS, 2)}
_SCALES = {"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_DIGITS = {**{word: str(value) for value, word in enumerate(ONES[:10])}, "oh": "0", "o": "0"}
_FRACTIONS = {
    "half": Fraction(1, 2),
    "quarter": Fraction(1, 4),
    "quarters": Fraction(1, 4),
    "third": Fraction(1, 3),
    "thirds": Fraction(1, 3),
}
MAX_DIGITS = 15  # longer numbers are refused: nobody says them, and exact arithmetic on them costs time

Parsed = tuple[Fraction, int]  # the value and the index after its last token

NUMBER_WORDS = frozenset({*ONES, *TENS, *_SCALES, "hundred", "dozen", "half", "quarter", "point"})


def parse_number(tokens: Sequence[str], start: int) -> Parsed | None:
    """The longest number that begins at `start`: digits, words, decimals, "a dozen", "two and a half"."""
    base = _plain(tokens, start)
    if base is None:
        return _leading_fraction(tokens, start)
    value, end = base
    if (tail := _and_fraction(tokens, end)) is not None:
        return value + tail[0], tail[1]
    if end + 1 < len(tokens) and tokens[end] in {"quarters", "thirds"} and tokens[end + 1] == "of":
        value, end = value * _FRACTIONS[tokens[end]], end + 2
        return value, end + (end < len(tokens) and tokens[end] in {"a", "an"})
    return value, end


def is_digits(token: str) -> bool:
    return token[:1].isdigit() or (token[:1] == "." and token[1:2].isdigit())


def _digits(token: str) -> Fraction | None:
    if not is_digits(token) or len(token) > MAX_DIGITS + 1 or not token.isascii():
        return None
    return Fraction(token if token[0] != "." else "0" + token)


def _plain(tokens: Sequence[str], start: int) -> Parsed | None:
    if start >= len(tokens):
        return None
    token = tokens[start]
    following = tokens[start + 1] if start + 1 < len(tokens) else ""
    if token in {"a", "an"}:
        if following in _SCALES or following in {"hundred", "dozen"}:
            return _plain_words(("one", *tokens[start + 1 :]), 0, start)
        return None
    if tuple(tokens[start : start + 3]) == ("half", "a", "dozen"):
        return Fraction(6), start + 3
    if (value := _digits(token)) is not None:
        if following in _SCALES:
            return value * _SCALES[following], start + 2
        if following in {"dozen", "hundred"}:
            return value * (12 if following == "dozen" else 100), start + 2
        return value, start + 1
    return _plain_words(tokens, start, 0)


def _plain_words(tokens: Sequence[str], start: int, shift: int) -> Parsed | None:
    whole = _whole_words(tokens, start)
    if whole is None:
        decimals = _decimals(tokens, start)
        return None if decimals is None else (decimals[0], decimals[1] + shift)
    value, end = whole
    if (decimals := _decimals(tokens, end)) is not None:
        return value + decimals[0], decimals[1] + shift
    if end < len(tokens) and tokens[end] == "dozen":
        return Fraction(value * 12), end + 1 + shift
    return Fraction(value), end + shift


def _under_hundred(tokens: Sequence[str], at: int) -> tuple[int, int] | None:
    if at >= len(tokens):
        return None
    if (tens := _TENS.get(tokens[at])) is not None:
        unit = _UNITS.get(tokens[at + 1], 0) if at + 1 < len(tokens) else 0
        return (tens + unit, at + 2) if 0 < unit < 10 else (tens, at + 1)
    unit_only = _UNITS.get(tokens[at])
    return None if unit_only is None else (unit_only, at + 1)


def _under_thousand(tokens: Sequence[str], at: int) -> tuple[int, int] | None:
    head = _under_hundred(tokens, at)
    if head is None or head[1] >= len(tokens) or tokens[head[1]] != "hundred" or head[0] == 0:
        return head
    value, end = head[0] * 100, head[1] + 1
    rest = _under_hundred(tokens, end + (end < len(tokens) and tokens[end] == "and"))
    return (value, end) if rest is None or rest[0] == 0 else (value + rest[0], rest[1])


def _whole_words(tokens: Sequence[str], start: int) -> tuple[int, int] | None:
    total, at, ceiling = 0, start, 10**12
    while True:
        glue = at > start and at < len(tokens) and tokens[at] == "and"
        part = _under_thousand(tokens, at + glue)
        if part is None:
            return (total, at) if at > start else None
        value, end = part
        scale = _SCALES.get(tokens[end], 1) if end < len(tokens) else 1
        if at > start and (scale >= ceiling or value == 0 or value * scale >= ceiling):
            return total, at
        total, at, ceiling = total + value * scale, end + (scale > 1), scale
        if scale == 1:
            return total, at


def _decimals(tokens: Sequence[str], at: int) -> Parsed | None:
    if at >= len(tokens) or tokens[at] != "point":
        return None
    digits, end = "", at + 1
    while end < len(tokens) and len(digits) < MAX_DIGITS:
        token = tokens[end]
        if token in _DIGITS:
            digits += _DIGITS[token]
        elif token.isdecimal() and token.isascii() and not digits:
            digits += token[:MAX_DIGITS]
        elif not digits and (number := _under_hundred(tokens, end)) is not None and number[0] >= 10:
            return Fraction(number[0], 100), number[1]
        else:
            break
        end += 1
    return (Fraction(int(digits), 10 ** len(digits)), end) if digits else None


def _and_fraction(tokens: Sequence[str], at: int) -> Parsed | None:
    window = tuple(tokens[at : at + 3])
    if window[:2] == ("and", "half"):
        return _FRACTIONS["half"], at + 2
    if window == ("in", "a", "half"):  # what recognisers make of "and a half"
        return _FRACTIONS["half"], at + 3
    if window[:2] in {("and", "a"), ("and", "one")} and len(window) == 3 and window[2] in _FRACTIONS:
        return _FRACTIONS[window[2]], at + 3
    if window == ("and", "three", "quarters"):
        return Fraction(3, 4), at + 3
    return None


def _leading_fraction(tokens: Sequence[str], at: int) -> Parsed | None:
    """ "half", "half a", "a half", "a quarter", "a quarter of a", "a couple of"."""
    at += at < len(tokens) and tokens[at] == "a" and at + 1 < len(tokens)
    if at >= len(tokens):
        return None
    if tokens[at] == "couple":
        return Fraction(2), at + 1 + (at + 1 < len(tokens) and tokens[at + 1] == "of")
    if tokens[at] not in {"half", "quarter", "third"}:
        return None
    value, end = _FRACTIONS[tokens[at]], at + 1
    if tuple(tokens[end : end + 2]) in {("of", "a"), ("of", "an")}:
        return value, end + 2
    return value, end + (tokens[at] == "half" and end < len(tokens) and tokens[end] in {"a", "an"})


def number_words(value: int) -> str:
    """0..999999 in words ("one hundred and five"); beyond that in digits."""
    if value < 0:
        return "minus " + number_words(-value)
    if value < 20:
        return ONES[value]
    if value < 100:
        tens = TENS[value // 10 - 2]
        return tens if value % 10 == 0 else f"{tens} {ONES[value % 10]}"
    if value < 1000:
        rest = f" and {number_words(value % 100)}" if value % 100 else ""
        return f"{ONES[value // 100]} hundred{rest}"
    if value < 1_000_000:
        head = f"{number_words(value // 1000)} thousand"
        if value % 1000 == 0:
            return head
        return f"{head}{' and' if value % 1000 < 100 else ''} {number_words(value % 1000)}"
    return f"{value:,}"


def number_text(value: Fraction | float, places: int = 4) -> str:
    """Digits for a screen and a voice: grouped thousands, at most `places` decimals, no trailing zeros."""
    text = f"{float(value):,.{places}f}" if abs(value) < 10**MAX_DIGITS else f"{float(value):.6g}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text
