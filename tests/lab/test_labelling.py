from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from tui_assistant.lab.labelling import Box, place

INSIDE = Box(0, 0, 400, 300)
DOT = 4.0


def test_a_lonely_dot_has_its_label_on_the_right() -> None:
    (box,) = place([(100, 100)], ["ab"], INSIDE, DOT)
    assert box is not None
    assert box.left == 107
    assert (box.top + box.bottom) / 2 == 100


def test_at_the_right_edge_it_goes_to_the_left() -> None:
    (box,) = place([(395, 100)], ["ab"], INSIDE, DOT)
    assert box is not None
    assert box.right == 388


def test_a_line_is_not_written_over() -> None:
    (box,) = place([(100, 100)], ["ab"], INSIDE, DOT, [Box(100, 99, 400, 101)])
    assert box is not None
    assert not box.meets(Box(100, 99, 400, 101))


def test_without_room_there_is_no_label() -> None:
    assert place([(5, 5)], ["much too long"], Box(0, 0, 10, 10), DOT) == [None]


@given(st.lists(st.tuples(st.floats(0, 400), st.floats(0, 300), st.text(min_size=1, max_size=12)), max_size=30))
def test_no_label_covers_another_or_a_dot_or_leaves(places: list[tuple[float, float, str]]) -> None:
    dots = [(x, y) for x, y, _ in places]
    placed = place(dots, [label for _, _, label in places], INSIDE, DOT)
    boxes = [box for box in placed if box is not None]
    assert len(placed) == len(places)
    assert all(box.within(INSIDE) for box in boxes)
    assert not any(one.meets(other) for one, other in combinations(boxes, 2))
    assert not any(box.meets(Box(x - DOT, y - DOT, x + DOT, y + DOT)) for box in boxes for x, y in dots)
