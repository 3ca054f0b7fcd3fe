from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tui_assistant.engine.ports import ChatMessage, ToolCall
from tui_assistant.models.tools.recall import MAX_CHARACTERS, MAX_TURNS, Recall


def pair(call_id: str, text: str = "a.txt, b.txt") -> tuple[ChatMessage, ChatMessage]:
    call = ToolCall(call_id, "list", "{}")
    return (ChatMessage("system", "list was called", call=call), ChatMessage("system", text, output_of=call_id))


def talk(*texts: str) -> tuple[ChatMessage, ...]:
    roles: tuple[Any, Any] = ("user", "assistant")
    return tuple(ChatMessage(roles[place % 2], text) for place, text in enumerate(texts))


def test_calls_stand_behind_the_words_that_led_to_them() -> None:
    recall = Recall()
    recall.keep("s", talk("list my files"), pair("c1"))
    recall.keep("s", talk("list my files", "Two.", "again"), pair("c2"))
    now = talk("List my files.", "Two.", "again", "Two.", "open the second one")  # the final words have their marks
    assert recall.woven("s", now) == (now[0], *pair("c1"), now[1], now[2], *pair("c2"), *now[3:])
    assert recall.woven("another", now) == now


def test_they_go_with_the_words() -> None:
    recall = Recall()
    recall.keep("s", talk("list my files"), pair("c1"))
    anew = talk("hello")
    assert recall.woven("s", anew) == anew
    assert recall.woven("s", talk("list my files")) == talk("list my files")  # for good


def test_what_is_kept_is_bounded() -> None:
    recall = Recall()
    recall.keep("s", talk("a"), pair("c", "x" * MAX_CHARACTERS))
    assert recall.woven("s", talk("a")) == talk("a")
    words = [f"q{number}" for number in range(2 * MAX_TURNS)]
    said = [text for word in words for text in (word, "yes")]
    for number in range(len(words)):
        recall.keep("s", talk(*said[: 2 * number + 1]), pair(f"c{number}"))
    calls = [line.call.call_id for line in recall.woven("s", talk(*said)) if line.call]
    assert calls == [f"c{number}" for number in range(MAX_TURNS, 2 * MAX_TURNS)]


@given(st.lists(st.tuples(st.sampled_from(["yes", "no", "list"]), st.booleans()), min_size=1, max_size=15), st.data())
def test_no_pair_is_ever_parted_and_no_word_is_lost(turns: list[tuple[str, bool]], data: st.DataObject) -> None:
    recall = Recall()
    said: list[ChatMessage] = []
    for number, (text, called) in enumerate(turns):
        said.append(ChatMessage("user", text))
        if called:
            recall.keep("s", said, pair(f"c{number}"))
        said.append(ChatMessage("assistant", "well"))
    left = [line for line in said if data.draw(st.booleans())]
    woven = recall.woven("s", left)
    assert [line for line in woven if line.call is None and line.output_of is None] == left
    for before, behind in pairwise(woven):
        if before.call is not None:
            assert behind.output_of == before.call.call_id
