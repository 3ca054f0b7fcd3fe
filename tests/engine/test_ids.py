"""Counted names."""

from __future__ import annotations

from tui_assistant.engine.ids import Ids


def test_each_kind_is_counted_by_itself() -> None:
    ids = Ids()
    assert [ids.next("item"), ids.next("resp"), ids.next("item")] == ["item_1", "resp_1", "item_2"]


def test_a_tag_tells_sessions_apart() -> None:
    assert Ids("a").next("item") == "item_a_1"


def test_names_that_the_client_took_are_passed_over() -> None:
    ids = Ids()
    ids.take("item_1")
    ids.take("item_2")
    ids.take("mine")
    assert [ids.next("item"), ids.next("item")] == ["item_3", "item_4"]


def test_names_that_cannot_be_made_are_not_kept() -> None:
    ids = Ids("x")
    for number in range(1_000):
        ids.take(f"mine {number}")
        ids.take(ids.next("item"))
    for odd in ("", "_", "item", "item_x_", "item_x_-5", "item_5000", "item_x_" + "9" * 5_000):
        ids.take(odd)
    assert not ids._taken
    ids.take(longest := "item_x_" + "9" * 18)
    ids.take(longest + "9")
    assert ids._taken == {longest}
    ids = Ids("x")
    ids._counts["item"] = 1_000
    ids.take("item_x_1000")
    ids.take("item_x_1002")
    assert ids._taken == {"item_x_1002"}
    assert [ids.next("item"), ids.next("item")] == ["item_x_1001", "item_x_1003"]
    assert not ids._taken
