from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_assistant.engine.ports import (
    Answer,
    Ask,
    Cancel,
    Final,
    Partial,
    Transcribe,
    TranscribeAudio,
    TranscribeEnd,
)
from tui_assistant.host.fair import FairQueue, scoped_id
from tui_assistant.host.inbox import Inbox
from tui_assistant.host.outbox import Outbox
from tui_assistant.host.worker_asks import recognise


def piece(session: str, number: int = 0) -> TranscribeAudio:
    return TranscribeAudio(scoped_id(session, "ask_1"), number.to_bytes(2, "little"))


def taken(queue: FairQueue) -> list[Ask]:
    out = []
    while queue:
        out.append(queue.pop())
    return out


def test_sessions_take_turns() -> None:
    queue = FairQueue([piece("a", 1), piece("a", 2), piece("a", 3), piece("b", 4), piece("c", 5), piece("b", 6)])
    assert taken(queue) == [piece(*each) for each in (("a", 1), ("b", 4), ("c", 5), ("a", 2), ("b", 6), ("a", 3))]


def test_one_session_is_a_plain_queue() -> None:
    """Of a program with a single conversation, whose ids have no session in them."""
    asks: list[Ask] = [Transcribe("1"), TranscribeAudio("1", b"ab"), Transcribe("2"), TranscribeEnd("1"), Cancel("2")]
    assert taken(FairQueue(asks)) == asks


def test_nothing_waits() -> None:
    queue = FairQueue()
    assert not queue
    with pytest.raises(StopIteration):
        queue.pop()


@given(st.lists(st.sampled_from("abc")), st.integers(0, 20))
def test_each_session_keeps_its_order_and_waits_for_one_of_each_other(sessions: list[str], before: int) -> None:
    queue = FairQueue()
    for number, session in enumerate(sessions):
        queue.put(piece(session, number))
        if number < before:
            queue.pop()
    left = list(queue)
    out = taken(FairQueue(queue))
    assert out == taken(queue)  # made anew of what is in it, it is the same
    for session in "abc":
        mine = [ask for ask in out if ask.ask_id.startswith(session)]
        assert mine == [ask for ask in left if ask.ask_id.startswith(session)]
        assert mine[:1] == [ask for ask in out[:3] if ask.ask_id.startswith(session)][:1]


async def test_who_is_far_ahead_does_not_fill_the_batch() -> None:
    outbox = Outbox()
    for number in range(1000):
        outbox.put(piece("ahead", number))
    outbox.put(piece("other"))
    assert (await outbox.batch())[:2] == [piece("ahead", 0), piece("other")]


def test_who_is_far_ahead_leaves_the_model_to_the_others() -> None:
    """In the worker: two seconds of another session are heard while most of a long recording still waits."""
    inbox, answers = Inbox(), list[tuple[str, Answer]]()
    ahead, other = scoped_id("ahead", "ask_1"), scoped_id("other", "ask_1")
    for ask_id, pieces in ((ahead, 500), (other, 60)):
        inbox.put(Transcribe(ask_id))
        for _ in range(pieces):
            inbox.put(TranscribeAudio(ask_id, b"x"))
        inbox.put(TranscribeEnd(ask_id))
    over = threading.Event()

    def send(ask_id: str, answer: Answer) -> None:
        answers.append((ask_id, answer))
        if len([each for _, each in answers if isinstance(each, Final)]) == 2:
            inbox.end()
            over.set()

    recognise(Counting(), inbox, send)
    assert over.is_set()
    assert [(ask_id, answer) for ask_id, answer in answers if isinstance(answer, Final)] == [
        (other, Final("60")),
        (ahead, Final("500")),
    ]
    assert len([ask_id for ask_id, _ in answers[: answers.index((other, Final("60")))] if ask_id == ahead]) <= 62


class Counting:
    """A recogniser that counts pieces, and a stream of its own."""

    name = "counting"

    def __init__(self) -> None:
        self._count = 0

    def open(self, language: str | None) -> Counting:
        return Counting()

    def accept(self, pcm: bytes) -> Partial:
        self._count += 1
        return Partial(str(self._count), "")

    def finish(self) -> Final:
        return Final(str(self._count))

    def close(self) -> None:
        """Nothing to give back."""
