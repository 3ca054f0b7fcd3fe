"""A grid over the rules of turn detection, and what each point of it makes of labelled recordings.

p(speech) of a recording does not depend on the rules: it is computed once, and the engine's own turn code runs over it
for every point (whatif.turns).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import product
from typing import get_args

from pydantic import ValidationError

from tui_assistant.errors import UsageError
from tui_assistant.lab import whatif
from tui_assistant.lab.evaluation import Found, Score, found, score
from tui_assistant.lab.labels import Segment, within
from tui_assistant.protocol.session import SemanticVad, ServerVad

Value = float | int | str
Rules = ServerVad | SemanticVad

FINE = ("hysteresis", "min_speech_ms")  # of both kinds
OF_KIND: dict[str, tuple[str, ...]] = {
    "server_vad": ("threshold", "prefix_padding_ms", "silence_duration_ms", *FINE),
    "semantic_vad": ("eagerness", *FINE),
}
NAMES = tuple(dict.fromkeys(name for names in OF_KIND.values() for name in names))
EAGERNESS = get_args(SemanticVad.model_fields["eagerness"].annotation)
LARGEST, FINEST = (
    Decimal(1_000_000),
    Decimal("0.000001"),
)  # of the numbers in a range: beyond, nothing is allowed anyway
EDGE_S = 0.5  # a turn that reaches less far out of what is judged begins or ends there all the same
MAX_POINTS = 10_000  # a slip in a step would else fill the memory; a day's recordings take hours with so many


@dataclass(frozen=True, slots=True)
class Axis:
    """One value that is turned, and what it is turned to."""

    name: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """One set of rules; `values`: what was turned, in the order of the axes."""

    values: tuple[tuple[str, Value], ...]
    rules: Rules


@dataclass(frozen=True, slots=True)
class Labelled:
    """A labelled recording as the turn code sees it: p(speech) of consecutive frames, and the speech that is in it.

    `judged`: the stretches whose labels are known; what of a turn lies elsewhere is not counted. None: all.
    """

    probabilities: tuple[float, ...]
    speech: tuple[Segment, ...]
    judged: tuple[Segment, ...] | None = None


def parse_axis(text: str) -> Axis:
    """`name=VALUE,VALUE,...`; a number may also be a range, FROM:TO:STEP, with its end. Raises UsageError."""
    name, equals, values = text.partition("=")
    if name not in NAMES:
        raise UsageError(f"--sweep {text}: there is no {name!r} to sweep", f"there is {', '.join(NAMES)}")
    if not equals or not values:
        example = "eagerness=low,high" if name == "eagerness" else f"{name}=300:800:100" if "_ms" in name else ""
        raise UsageError(f"--sweep {text}: there are no values", f"e.g. {example or name + '=0.3:0.7:0.05'}")
    parsed: list[Value] = []
    for part in values.split(","):
        if name == "eagerness":
            if part not in EAGERNESS:
                raise UsageError(f"--sweep {text}: {part!r} is no eagerness", f"there is {', '.join(EAGERNESS)}")
            parsed.append(part)
        else:
            parsed.extend(_number(number, name, text) for number in _expanded(part, text))
    return Axis(name, tuple(dict.fromkeys(parsed)))


def grid(axes: Sequence[Axis], base: Rules) -> list[Point]:
    """Every combination, the last axis fastest. Raises UsageError where an axis does not belong to `base`'s kind."""
    names = [axis.name for axis in axes]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"--sweep {name}: is given twice", f"put all values into one: {name}=A,B,C")
        if name not in OF_KIND[base.type]:
            other = next(kind for kind in OF_KIND if kind != base.type)
            raise UsageError(f"--sweep {name}: {base.type} has none", f"it belongs to --turn-detection {other}")
    count = math.prod(len(axis.values) for axis in axes)
    if count > MAX_POINTS:
        raise UsageError(f"--sweep: {count} points are more than {MAX_POINTS}", "take larger steps")
    return [
        Point(values, _rules(base, values))
        for values in (tuple(zip(names, each, strict=True)) for each in product(*(axis.values for axis in axes)))
    ]


def scores(heard: Labelled, points: Iterable[Point], join_ms: int | None = None) -> list[Score]:
    """One recording's score at every point.

    `join_ms`: labels are joined over gaps shorter than that; None: than the point's silence_duration_ms (with
    semantic_vad the protocol's own 500).
    """
    result = []
    for point in points:
        gap = join_ms
        if gap is None:
            gap = (point.rules if isinstance(point.rules, ServerVad) else ServerVad()).silence_duration_ms
        turns = found(whatif.turns(heard.probabilities, point.rules))
        if heard.judged is not None:
            turns = [part for each in turns if (part := _known_part(each, heard.judged))]
        result.append(score(heard.speech, turns, gap))
    return result


def _known_part(turn: Found, judged: Sequence[Segment]) -> Found | None:
    """What of a turn can be judged; a beginning or an end that lies far from it has no latency."""
    parts = within(judged, turn.speech)
    if not parts:
        return None
    speech = Segment(parts[0].start, parts[-1].end)
    return Found(
        speech,
        turn.started_at if speech.start - turn.speech.start < EDGE_S else None,
        turn.stopped_at if turn.speech.end - speech.end < EDGE_S else None,
    )


def _expanded(part: str, text: str) -> Iterable[Decimal]:
    try:
        numbers = [Decimal(number) for number in part.split(":")]
    except InvalidOperation:
        numbers = []
    if len(numbers) not in (1, 3) or not all(
        number.is_finite() and -LARGEST <= number <= LARGEST for number in numbers
    ):
        raise UsageError(f"--sweep {text}: {part!r} is no number and no range", "a range is FROM:TO:STEP")
    if len(numbers) == 1:
        return numbers
    first, last, step = numbers
    if step < FINEST or last < first:
        raise UsageError(f"--sweep {text}: {part!r} goes nowhere", "a range is FROM:TO:STEP, upwards")
    if (last - first) / step > MAX_POINTS:
        raise UsageError(f"--sweep {text}: {part!r} has more than {MAX_POINTS} steps", "take larger ones")
    return [first + step * index for index in range(int((last - first) / step) + 1)]


def _number(number: Decimal, name: str, text: str) -> Value:
    if not name.endswith("_ms"):
        return float(number)
    if number != number.to_integral_value():
        raise UsageError(f"--sweep {text}: {number} is no whole number of milliseconds")
    return int(number)


def _rules(base: Rules, values: Iterable[tuple[str, Value]]) -> Rules:
    data = base.model_dump()
    for name, value in values:
        data[name] = value
        try:
            type(base).model_validate(data)
        except ValidationError as error:
            message = error.errors()[0]["msg"].replace("Input should be", "allowed is")
            raise UsageError(f"--sweep {name}={value}: {message}") from None
    return type(base).model_validate(data)
