"""Two names for one item."""

from __future__ import annotations

from tui_assistant.links.announced import MOST, Announced
from tui_assistant.protocol import client, server
from tui_assistant.protocol.items import InputAudio, UserMessage


def added(item_id: str, behind: str | None = None) -> server.ItemAdded:
    return server.ItemAdded(item=UserMessage(id=item_id, content=(InputAudio(),)), previous_item_id=behind)


def test_items_that_were_committed_are_named_in_their_order() -> None:
    names = Announced()
    names.committed("c1", "ours_1")
    names.committed(None, None)  # somebody else's, who has announced nothing
    names.committed("c2", "ours_2")
    assert [names.named(theirs) for theirs in ("t1", "t2", "t3", "t4")] == [True, False, True, False]
    assert names.read(added("t3", "t1")) == added("ours_2", "ours_1")
    assert names.read(added("t4", "t2")) == added("t4", "t2")
    assert names.write(client.ConversationItemDelete(item_id="ours_2")).item_id == "t3"  # type: ignore[union-attr]
    assert names.write(client.ResponseCreate()) == client.ResponseCreate()


def test_a_refused_commit_names_nothing() -> None:
    names = Announced()
    names.committed("c1", "ours_1")
    names.committed("c2", "ours_2")
    assert names.refused() == "ours_1"
    assert names.named("t2")
    assert names.read(added("t2")) == added("ours_2")
    assert names.refused() is None


def test_a_new_session_names_what_it_is_told_again_and_forgets_the_rest() -> None:
    names = Announced()
    for number in (1, 2, 3):
        names.committed(f"c{number}", f"ours_{number}")
    names.named("t1")
    assert names.anew([None, "c3"]) == ["ours_2"]  # a turn that was confirmed is told again, and one went
    assert names.read(added("t1")) == added("t1")
    assert not names.named("t1")
    assert names.named("t2")
    assert names.read(added("t2")) == added("ours_3")


def test_words_that_come_early_belong_to_the_oldest_turn_that_is_not_committed() -> None:
    names = Announced()
    names.early("t1", None)
    assert names.read(added("t1")) == added("t1")
    names.early("t1", "ours_1")
    assert names.read(added("t1")) == added("ours_1")
    names.committed("c1", "ours_1")
    assert names.named("t1")
    names.committed("c2", "ours_2")
    names.early("t2", "ours_3")  # the third is being spoken, and the second has not been confirmed
    assert names.read(added("t2")) == added("ours_2")
    names.committed(None, None)
    assert names.named("t2")
    assert not names.named("t9")
    names.early("t9", "ours_3")
    assert names.read(added("t9")) == added("t9")


def test_only_so_many_are_known() -> None:
    names = Announced()
    for number in range(MOST + 1):
        names.committed(None, f"ours_{number}")
        names.named(f"t{number}")
    assert names.read(added("t0")) == added("t0")
    assert names.read(added(f"t{MOST}")) == added(f"ours_{MOST}")
