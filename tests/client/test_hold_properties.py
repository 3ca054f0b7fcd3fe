"""Whatever comes of a key, in whatever order: the floor is taken and given back in turns, and never kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tui_assistant.client.hold import Begin, Edge, End, Hold, HoldPhase, KeyEdge, Learned, Method, Resume, Step

LOCAL = Learned(first_ms=450, median_ms=33, p95_ms=40)

pauses = some.sampled_from([0.0, 1.0, 33.0, 90.0, 140.0, 249.0, 300.0, 500.0, 810.0, 1_600.0, 31_000.0, 121_000.0])
deeds = some.sampled_from(
    [*Edge, "tick", "toggle", "blur", "heard", "silent", "drop", "earlier", "inferred", "released"]
)
stories = some.lists(some.tuples(pauses, deeds), max_size=60)


def do(hold: Hold, deed: str, now: float) -> list[Step]:
    match deed:
        case "tick" | "toggle" | "blur":
            return getattr(hold, deed)(now)  # type: ignore[no-any-return]  # one of three methods of one type
        case "heard" | "silent":
            return hold.heard(deed == "heard", now)
        case "drop":
            hold.drop()
            return []
        case "earlier":
            return hold.key(KeyEdge(Edge.PULSE, now - 5))
        case "inferred" | "released":
            hold.method = Method(deed)
            return []
        case _:
            return hold.key(KeyEdge(Edge(deed), now))


def taken_after(steps: list[Step], taken: bool) -> bool:
    for step in steps:
        if isinstance(step, Begin | Resume):
            assert not taken
            taken = True
        elif isinstance(step, End):
            assert taken
            taken = False
    return taken


@pytest.mark.parametrize("method", list(Method))
@given(story=stories, punctual=some.booleans(), known=some.booleans())
def test_the_floor_is_taken_and_given_back_in_turns(
    method: Method, story: list[tuple[float, str]], punctual: bool, known: bool
) -> None:
    hold, now, taken = Hold(method, LOCAL if known else None), 0.0, False
    for pause, deed in story:
        then = now + pause
        while punctual and (due := hold.deadline) is not None and due < then:
            taken = taken_after(hold.tick(max(due, now)), taken)
        now = then
        taken = taken_after(do(hold, deed, now), taken) and deed != "drop"
        assert taken == (hold.phase not in (HoldPhase.FREE, HoldPhase.ENDING))
        taken = taken_after(hold.tick(now), taken)
        assert hold.deadline is None or hold.deadline > now
    taken = taken_after(hold.tick(now + 200_000), taken)
    assert (taken, hold.phase) == (False, HoldPhase.FREE)
    assert hold.deadline is None


@given(story=stories)
def test_the_key_let_go_gives_the_floor_back_within_the_latch(story: list[tuple[float, str]]) -> None:
    hold, now = Hold(Method.RELEASED), 0.0
    for pause, deed in story:
        now += pause
        if deed != "toggle":
            do(hold, deed, now)
    hold.method = Method.RELEASED
    hold.key(KeyEdge(Edge.RELEASE, now))
    hold.tick(now + 31_500)
    assert hold.phase is HoldPhase.FREE
