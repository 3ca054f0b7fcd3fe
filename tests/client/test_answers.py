"""Which response runs, and what of those that were cut off is not heard any more."""

from __future__ import annotations

import pytest

from tui_assistant.client.answers import KEPT, Answers
from tui_assistant.protocol import client, server
from tui_assistant.protocol.items import AssistantMessage, FunctionCall


def begun(response: str = "r1", *items: str) -> Answers:
    answers = Answers()
    answers.created(response)
    for item in items:
        answers.item_added(response, AssistantMessage(id=item, content=()))
    return answers


def sound(item: str, response: str = "r1") -> server.OutputAudioDelta:
    return server.OutputAudioDelta(response_id=response, item_id=item, delta="")


def test_a_response_runs_from_its_creation_to_its_end() -> None:
    answers = Answers()
    assert answers.free
    answers.created("r1")
    assert (answers.running, answers.free) == ("r1", False)
    answers.done("r9")
    assert answers.running == "r1"
    answers.done("r1")
    assert (answers.running, answers.free) == (None, True)


def test_a_cancelled_response_is_in_the_way_until_the_server_says_that_it_is_done() -> None:
    answers = begun()
    assert answers.cancel() == [client.ResponseCancel(response_id="r1")]
    assert (answers.running, answers.free) == (None, False)
    assert answers.cancel() == []
    answers.done("r1")
    assert answers.free


def test_what_was_never_said_is_taken_back_and_what_was_heard_stays() -> None:
    answers = begun("r0", "a0")
    answers.created("r1")
    for item in ("a1", "a2", "a3"):
        answers.item_added("r1", AssistantMessage(id=item, content=()))
    answers.item_added("r1", FunctionCall(id="f1", call_id="c", name="n", arguments="{}"))
    answers.sounds("a1")
    assert answers.cancel() == [
        client.ResponseCancel(response_id="r1"),
        client.ConversationItemDelete(event_id="unheard_1", item_id="a2"),
        client.ConversationItemDelete(event_id="unheard_2", item_id="a3"),
    ]
    assert [answers.drops(sound(item, "")) for item in ("a0", "a1", "a2", "a3", "f1")] == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_an_item_of_a_cancelled_response_is_dropped_though_it_comes_late() -> None:
    answers = begun()
    answers.cancel()
    answers.item_added("r1", AssistantMessage(id="late", content=()))
    answers.item_added("r2", AssistantMessage(id="next", content=()))
    assert answers.drops(sound("late", "another id"))
    assert answers.drops(sound("never announced"))
    assert not answers.drops(sound("next", "r2"))
    assert not answers.drops(server.BufferCleared())  # it has no ids


def test_an_item_that_was_cut_ends_its_response_while_that_is_made() -> None:
    answers = begun("r1", "a1", "a2")
    answers.cut("a1")
    assert answers.drops(sound("a1", ""))
    assert answers.drops(sound("a2"))
    answers = begun("r1", "a1")
    answers.done("r1")
    answers.cut("a1")
    assert answers.drops(sound("a1", ""))
    assert not answers.drops(sound("a2"))


def test_items_of_a_response_that_is_done_are_not_taken_back() -> None:
    answers = begun("r1", "a1")
    answers.done("r1")
    answers.created("r1")
    assert answers.cancel() == [client.ResponseCancel(response_id="r1")]


def test_the_newest_hundred_ids_are_known() -> None:
    answers = Answers()
    for number in range(KEPT + 1):
        answers.cut(f"a{number}")
    assert [answers.drops(sound(item, "")) for item in ("a0", "a1", f"a{KEPT}")] == [False, True, True]


@pytest.mark.parametrize("cancelled", [True, False])
def test_in_another_session_nothing_runs(cancelled: bool) -> None:
    answers = begun("r1", "a1")
    if cancelled:
        answers.cancel()
    answers.forget()
    assert (answers.running, answers.free) == (None, True)
    answers.created("r1")
    assert answers.cancel() == [client.ResponseCancel(response_id="r1")]
