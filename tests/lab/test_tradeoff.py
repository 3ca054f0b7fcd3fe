from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui_assistant.lab.evaluation import Score
from tui_assistant.lab.tradeoff import best, front


def total(errors: int, wait: float | None) -> Score:
    return Score(missed=errors, end_ms=() if wait is None else (wait,))


def test_the_front_is_what_no_other_point_beats() -> None:
    totals = [total(5, 500), total(3, 600), total(3, 700), total(4, 400), total(2, None), total(3, 600), total(1, 900)]
    assert front(totals) == {1, 3, 5, 6}
    assert best(totals) == 6
    assert front([total(1, None)]) == frozenset()
    assert best([total(2, 500), total(1, None), total(1, 800)]) == 2


@given(st.lists(st.tuples(st.integers(0, 5), st.none() | st.integers(0, 5)), min_size=1, max_size=12))
def test_the_front_against_its_definition(places: list[tuple[int, int | None]]) -> None:
    totals = [total(errors, wait) for errors, wait in places]
    expected = {
        index
        for index, (errors, wait) in enumerate(places)
        if wait is not None
        and not any(
            other is not None and more <= errors and other <= wait and (more, other) != (errors, wait)
            for more, other in places
        )
    }
    assert front(totals) == expected
