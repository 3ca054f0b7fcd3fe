"""Where the names of dots go, so that none covers another one or a dot: the first free place of a fixed list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

CHARACTER = 6.4  # width at 11 px in the widest of the usual sans-serif faces
LINE = 14.0
GAP = 3.0
REACH = (1, 2, 3, 5, 7)  # how far away, in lines: first beside the dot


class Box(NamedTuple):
    """A rectangle; y grows downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def within(self, other: Box) -> bool:
        return (
            self.left >= other.left
            and self.right <= other.right
            and self.top >= other.top
            and self.bottom <= other.bottom
        )


def place(
    dots: Sequence[tuple[float, float]], labels: Sequence[str], inside: Box, dot: float, lines: Sequence[Box] = ()
) -> list[Box | None]:
    """A box for each label, the earlier ones served first; None where there is no room. `lines` are kept free too."""
    taken = [*lines, *(Box(x - dot, y - dot, x + dot, y + dot) for x, y in dots)]
    placed: list[Box | None] = []
    for (x, y), label in zip(dots, labels, strict=True):
        box = next(
            (
                each
                for each in _candidates(x, y, len(label) * CHARACTER, dot)
                if each.within(inside) and not any(each.meets(other) for other in taken)
            ),
            None,
        )
        if box is not None:
            taken.append(box)
        placed.append(box)
    return placed


def _candidates(x: float, y: float, width: float, dot: float) -> Iterator[Box]:
    half = LINE / 2
    for reach in REACH:
        away = dot + GAP + (reach - 1) * LINE
        lefts = (x + away, x - away - width)
        for shift in (0, *(sign * step * LINE for step in range(1, reach) for sign in (-1, 1))):
            for left in lefts:
                yield Box(left, y - half + shift, left + width, y + half + shift)
        for left in (x - width / 2, x + GAP, x - width - GAP):
            yield Box(left, y - away - LINE, left + width, y - away)
            yield Box(left, y + away, left + width, y + away + LINE)
