"""Rules that are asked for, echoed, refused."""

from __future__ import annotations

import pytest

from tui_assistant.client.agreement import MOST_PENDING, Agreement
from tui_assistant.protocol.items import ErrorDetail
from tui_assistant.protocol.session import ServerVad

FIRST, SECOND = ServerVad(threshold=0.6), ServerVad(threshold=0.7)


def refuse(agreement: Agreement, number: int) -> bool:
    return agreement.refused(ErrorDetail(code="invalid_value", message="no", event_id=f"rules_{number}"))


def test_updates_are_numbered_and_say_only_what_they_change() -> None:
    agreement = Agreement(FIRST, SECOND)
    assert (agreement.wanted, agreement.in_force) == (FIRST, SECOND)
    update = agreement.update(None)
    assert (update.event_id, update.session) == (
        "rules_1",
        {"type": "realtime", "audio": {"input": {"turn_detection": None}}},
    )
    update = agreement.update(FIRST, transcription=True)
    detection = FIRST.model_dump(mode="json")
    assert (update.event_id, update.session) == (
        "rules_2",
        {"type": "realtime", "audio": {"input": {"turn_detection": detection, "transcription": {}}}},
    )


def test_echoes_belong_to_the_oldest_update() -> None:
    agreement = Agreement(SECOND, None)
    agreement.update(FIRST)
    agreement.update(SECOND)
    agreement.updated(FIRST)
    assert agreement.in_force == FIRST
    assert not refuse(agreement, 1)  # it is answered already
    assert agreement.wanted == SECOND
    assert refuse(agreement, 2)
    assert agreement.wanted == FIRST  # what was echoed last


def test_the_rules_that_held_last_are_good_also_after_push_to_talk() -> None:
    agreement = Agreement(SECOND, None)
    agreement.updated(FIRST)
    agreement.updated(None)
    assert agreement.in_force is None
    agreement.update(SECOND)
    assert refuse(agreement, 1)
    assert agreement.wanted == FIRST


def test_without_an_echo_what_every_server_takes_is_good() -> None:
    agreement = Agreement(SECOND, None)
    agreement.update(SECOND)
    assert refuse(agreement, 1)
    assert agreement.wanted == ServerVad()
    agreement.update(agreement.wanted)
    assert not refuse(agreement, 2)  # nothing is left to ask for
    assert agreement.wanted == ServerVad()


def test_a_refusal_that_a_later_update_answers_asks_for_nothing() -> None:
    agreement = Agreement(SECOND, None)
    agreement.update(FIRST)
    agreement.update(SECOND)
    assert not refuse(agreement, 1)
    assert agreement.wanted == SECOND
    agreement = Agreement(SECOND, None)
    agreement.update(SECOND)
    agreement.update(SECOND)
    assert not refuse(agreement, 1)
    assert agreement.wanted == SECOND  # asked for again: that one's answer counts


def test_a_refusal_of_what_is_not_wanted_any_more_leaves_the_wish() -> None:
    agreement = Agreement(SECOND, None)
    agreement.update(FIRST)
    assert refuse(agreement, 1)
    assert agreement.wanted == SECOND


def test_errors_about_something_else_are_none_of_ours() -> None:
    agreement = Agreement(FIRST, None)
    agreement.update(FIRST)
    assert not refuse(agreement, 9)
    assert refuse(agreement, 1)
    assert not refuse(agreement, 1)


def test_nothing_that_was_asked_of_an_earlier_session_is_answered() -> None:
    agreement = Agreement(FIRST, None)
    agreement.update(FIRST)
    agreement.created(SECOND)
    assert agreement.in_force == SECOND
    assert not refuse(agreement, 1)
    agreement.updated(FIRST)
    assert agreement.in_force == FIRST


@pytest.mark.parametrize(("number", "known"), [(1, False), (2, True)])
def test_updates_that_are_never_answered_are_given_up(number: int, known: bool) -> None:
    agreement = Agreement(SECOND, None)
    for _ in range(MOST_PENDING):
        agreement.update(FIRST)
    agreement.update(SECOND)
    refuse(agreement, number)
    assert (len(agreement._pending) == MOST_PENDING - 1) is known


def test_what_was_sent_beyond_the_protocol_is_taken_back_by_null() -> None:
    agreement = Agreement(FIRST, None)
    fine = ServerVad(hysteresis=0.2, min_speech_ms=96)
    assert "hysteresis" not in agreement.update(FIRST).session["audio"]["input"]["turn_detection"]
    detection = agreement.update(fine).session["audio"]["input"]["turn_detection"]
    assert (detection["hysteresis"], detection["min_speech_ms"]) == (0.2, 96)
    detection = agreement.update(FIRST).session["audio"]["input"]["turn_detection"]
    assert (detection["hysteresis"], detection["min_speech_ms"], detection["threshold"]) == (None, None, 0.6)
