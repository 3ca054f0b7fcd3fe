from __future__ import annotations

import pytest

from tui_assistant.links.owed import DONE_MS, Owed


class Time:
    now = 10.0


@pytest.fixture
def asked() -> list[float]:
    return []


@pytest.fixture
def owed(asked: list[float]) -> Owed:
    Time.now = 10.0
    return Owed(lambda: asked.append(Time.now), lambda: Time.now)


def test_nothing_is_asked_for_that_is_not_owed_and_nothing_twice(owed: Owed, asked: list[float]) -> None:
    owed.look()
    assert asked == []
    owed.owe()
    owed.look()
    owed.look()
    assert asked == [10.0]


def test_it_waits_for_the_last_of_those_that_run(owed: Owed, asked: list[float]) -> None:
    owed.running |= {"resp_1", "resp_2"}
    owed.owe()
    owed.done("resp_1")
    assert asked == []
    owed.done("resp_2")
    assert asked == [10.0]


def test_one_that_never_ends_is_not_waited_for(owed: Owed, asked: list[float]) -> None:
    owed.running.add("resp_1")
    owed.owe()
    Time.now += DONE_MS / 1000 - 0.01
    owed.look()
    assert asked == []
    Time.now += 0.01
    owed.look()
    assert asked == [12.0]
