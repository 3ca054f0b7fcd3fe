"""Which turns are answered, and when a response is asked for."""

from __future__ import annotations

import pytest

from tui_assistant.client.replies import KEPT, Replies
from tui_assistant.protocol import client
from tui_assistant.protocol.items import ErrorDetail

ACTIVE = "conversation_already_has_active_response"


def over(backchannel_ms: int = 700, **flags: bool) -> Replies:
    """u2 is spoken over an answer; `took` and `unheard`: it has cancelled it."""
    replies = Replies(backchannel_ms)
    replies.over("u2", question=flags.get("question", False))
    if flags.get("took") or flags.get("unheard"):
        replies.took("u2", unheard=flags.get("unheard", False))
    return replies


def asked(replies: Replies, now_ms: int = 0, *, quiet: bool = True, free: bool = True) -> list[str]:
    """The event ids of what is sent."""
    events = replies.ask(now_ms, quiet=quiet, free=free)
    assert all(isinstance(event, client.ResponseCreate) for event in events)
    return [event.event_id or "" for event in events]


def refused(replies: Replies, code: str = ACTIVE, event_id: str | None = "answer_1") -> bool:
    return replies.refused(ErrorDetail(code=code, message="no", event_id=event_id))


def state(replies: Replies) -> str:
    names = ("open", "asked", "pending", "coming")
    return " ".join(name for name in names if getattr(replies, name))


def test_a_turn_in_the_quiet_is_answered_once() -> None:
    replies = Replies(700)
    assert (state(replies), asked(replies)) == ("", [])
    assert replies.committed("u1", "", 0)
    assert state(replies) == "open coming"
    assert asked(replies) == ["answer_1"]
    assert state(replies) == "open asked pending coming"
    assert asked(replies) == []
    assert not replies.words("u1", "hello")
    assert replies.created()
    assert (state(replies), asked(replies)) == ("", [])
    replies.committed("u3", "", 0)
    assert asked(replies) == ["answer_2"]


@pytest.mark.parametrize(
    ("said", "flags", "answered"),
    [
        ("stop", {}, True),
        ("mhm", {}, False),
        ("mhm", {"question": True}, True),
        ("mhm", {"took": True}, False),
        ("mhm", {"unheard": True}, True),  # what it was to answer is still open
        ("", {}, False),
        ("", {"question": True}, False),
        ("…", {"took": True}, True),
        ("", {"took": True}, True),
    ],
)
def test_the_words_of_a_turn_over_an_answer_decide(said: str, flags: dict[str, bool], answered: bool) -> None:
    replies = over(**flags)
    assert not replies.words("u2", said)  # it still goes on
    assert not replies.committed("u2", "", 0)
    assert state(replies) == "open"
    assert replies.words("u2", said) is answered
    assert state(replies) == ("open coming" if answered else "")
    assert not replies.words("u2", "stop")


def test_words_that_are_known_at_the_commit_are_not_awaited() -> None:
    assert over().committed("u2", "stop", 0)
    assert not over().committed("u2", "mhm", 0)
    assert over(backchannel_ms=0).committed("u2", "mhm", 0)


@pytest.mark.parametrize(
    ("ms", "said", "flags", "answered"),
    [
        (704, "", {"took": True}, True),
        (700, "", {"took": True}, False),
        (704, "", {}, False),
        (704, "mhm", {"took": True}, False),
        (704, "", {"unheard": True}, False),
    ],
)
def test_too_long_for_a_backchannel(ms: int, said: str, flags: dict[str, bool], answered: bool) -> None:
    replies = over(**flags)
    replies.speech("u2", ms - 32)
    replies.speech("u9", 1_000)  # nobody's
    replies.speech("u2", 32)
    assert replies.committed("u2", said, 0) is answered


def test_what_was_seen_of_a_turn_stays() -> None:
    replies = over(question=True)
    replies.over("u2")
    replies.committed("u2", "", 0)
    assert replies.words("u2", "mhm")
    replies = over(unheard=True)
    replies.took("u2", unheard=False)
    replies.committed("u2", "", 0)
    assert replies.words("u2", "mhm")


def test_a_turn_that_took_the_floor_before_it_was_seen_over_an_answer() -> None:
    replies = Replies(700)
    replies.took("u2", unheard=False)
    assert not replies.committed("u2", "", 0)
    assert replies.words("u2", "")


def test_only_the_newest_turns_are_waited_for() -> None:
    replies = Replies(700)
    for number in range(KEPT + 1):
        replies.over(f"t{number}")
    assert not replies.committed("t1", "", 0)
    assert replies.committed("t0", "", 0)  # forgotten: a turn like any other


def test_a_cleared_turn_is_forgotten_a_committed_one_is_not() -> None:
    replies = over()
    replies.over("u3")
    replies.committed("u2", "", 0)
    replies.cleared()
    assert replies.words("u2", "stop")
    assert replies.committed("u3", "", 0)


def test_who_goes_on_wants_no_answer_to_what_was_before() -> None:
    replies = over()
    replies.committed("u2", "", 0)
    replies.over("u3")
    replies.owe()
    assert state(replies) == "open coming"
    replies.drop()
    assert state(replies) == ""
    assert not replies.words("u2", "stop")
    assert not replies.committed("u3", "", 0)  # still over the answer


def test_a_request_that_was_dropped_is_cancelled_when_it_begins_and_the_next_is_sent_then() -> None:
    replies = Replies(700)
    replies.owe()
    asked(replies)
    replies.drop()
    assert state(replies) == "pending"
    replies.owe()
    assert asked(replies) == []
    assert not replies.created()
    assert asked(replies) == ["answer_2"]
    assert replies.created()


def test_another_session_owes_nothing() -> None:
    replies = over()
    replies.committed("u2", "", 0)
    replies.owe()
    asked(replies)
    replies.owe()
    replies.forget()
    assert (state(replies), asked(replies, 9_000)) == ("", [])
    assert not replies.words("u2", "stop")
    assert replies.created()


@pytest.mark.parametrize(("took", "answered"), [(True, True), (False, False)])
def test_words_that_do_not_come_are_given_up_after_a_second(took: bool, answered: bool) -> None:
    replies = over(took=took)
    replies.committed("u2", "", 5_000)
    replies.tick(5_999)
    assert state(replies) == "open"
    replies.tick(6_000)
    assert replies.coming is answered
    assert replies.words("u2", "stop") is not answered  # late, where it is answered already


def test_a_turn_that_goes_on_is_not_given_up() -> None:
    replies = over(took=True)
    replies.tick(60_000)
    assert state(replies) == ""


def test_a_request_that_nobody_confirms_is_lost_after_five_seconds() -> None:
    replies = Replies(700)
    replies.owe()
    asked(replies, 1_000)
    replies.drop()
    replies.tick(5_999)
    assert replies.pending
    replies.tick(6_000)
    assert not replies.pending
    assert replies.created()


def test_a_request_waits_for_quiet_and_for_the_end_of_the_running_response() -> None:
    replies = Replies(700)
    replies.owe()
    assert asked(replies, quiet=False) == []
    assert asked(replies, 100, free=False) == []
    assert asked(replies, 60_000, quiet=False, free=False) == []
    assert asked(replies, 60_001) == ["answer_1"]


def test_a_response_that_never_ends_is_waited_for_five_seconds_from_when_one_is_owed() -> None:
    replies = Replies(700)
    replies.owe()
    assert asked(replies, 100, free=False) == []
    replies.drop()
    assert asked(replies, 2_000, free=False) == []
    replies.owe()
    assert asked(replies, 3_000, free=False) == []
    assert asked(replies, 7_999, free=False) == []
    assert asked(replies, 8_000, free=False) == ["answer_1"]


@pytest.mark.parametrize(
    ("code", "event_id", "dropped", "taken", "again"),
    [
        (ACTIVE, "answer_1", False, True, ["answer_2"]),
        (ACTIVE, "answer_1", True, True, []),
        ("invalid_value", "answer_1", False, False, []),
    ],
)
def test_a_refused_request_is_sent_again_while_it_is_wanted(
    code: str, event_id: str, dropped: bool, taken: bool, again: list[str]
) -> None:
    replies = Replies(700)
    replies.owe()
    asked(replies)
    if dropped:
        replies.drop()
    assert refused(replies, code, event_id) is taken
    assert not replies.pending
    assert asked(replies) == again


@pytest.mark.parametrize("event_id", [None, "", "rules_1"])
def test_an_error_about_something_else_is_none_of_ours(event_id: str | None) -> None:
    replies = Replies(700)
    replies.owe()
    asked(replies)
    assert not refused(replies, ACTIVE, event_id)
    assert state(replies) == "open asked pending coming"


def test_what_is_owed_beside_a_refused_request_stays_owed() -> None:
    replies = Replies(700)
    replies.owe()
    asked(replies)
    replies.owe()
    refused(replies, "invalid_value")
    assert asked(replies) == ["answer_2"]
