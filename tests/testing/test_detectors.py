from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tui_assistant.models.registry import Port, create, names
from tui_assistant.testing.detectors import check_detector


@pytest.mark.parametrize("name", names(Port.DETECTOR))
def test_ours_keep_it(name: str) -> None:
    check_detector(lambda options: create(Port.DETECTOR, name, options))


class Good:
    name = "good"

    def __init__(self) -> None:
        self.heard = 0

    def probability(self, frame: NDArray[np.int16]) -> float:
        self.heard += 1
        return 0.0

    def reset(self) -> None:
        self.heard = 0


class Nameless(Good):
    name = ""


class Sure(Good):
    def probability(self, frame: NDArray[np.int16]) -> float:
        return 1.5


class Numpy(Good):
    def probability(self, frame: NDArray[np.int16]) -> float:
        return np.float32(0.5)  # type: ignore[return-value]


class Loud(Good):
    def probability(self, frame: NDArray[np.int16]) -> float:
        frame *= 2
        return 0.0


class Tired(Good):
    def probability(self, frame: NDArray[np.int16]) -> float:
        self.heard += 1
        return 1 / self.heard

    def reset(self) -> None:
        """Forgets nothing."""


class Deaf(Good):
    def probability(self, frame: NDArray[np.int16]) -> float:
        return 0.75


class Slow(Good):
    def probability(self, frame: NDArray[np.int16]) -> float:
        return float(sum(int(each) * 0 for _ in range(40) for each in frame))


_SHARED: list[int] = []


class Shared(Good):
    """Two of them are not independent."""

    def probability(self, frame: NDArray[np.int16]) -> float:
        _SHARED.append(1)
        return 1.0 / len(_SHARED)

    def reset(self) -> None:
        _SHARED.clear()


def test_a_good_one_passes() -> None:
    check_detector(lambda options: Good())


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (Nameless, "name: it is empty"),
        (Sure, "p is a float from 0 to 1"),
        (Numpy, "p is a float from 0 to 1"),
        (Loud, "the frames were changed"),
        (Tired, "after reset"),
        (Shared, "a new detector"),
        (Deaf, "below 0.5"),
        (Slow, "more than 1 ms"),
    ],
)
def test_each_fault_is_named(kind: type[Good], says: str) -> None:
    _SHARED.clear()

    def make(options: Mapping[str, Any]) -> Good:
        return kind()

    with pytest.raises(AssertionError, match=says):
        check_detector(make)
