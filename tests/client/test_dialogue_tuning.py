"""Other rules in mid-conversation: what is sent, what is kept, what is taken back."""

from __future__ import annotations

from conversation import RULES, hands_free, push_to_talk

from tui_assistant.client.effects import Effect, Tell
from tui_assistant.protocol import client, server
from tui_assistant.protocol.items import ErrorDetail
from tui_assistant.protocol.session import SemanticVad, ServerVad, SessionConfig
from tui_assistant.protocol.update import apply_update


def detection_of(effects: list[Effect]) -> object:
    (update,) = [effect for effect in effects if isinstance(effect, client.SessionUpdate)]
    return update.session["audio"]["input"]["turn_detection"]


def test_tuning_acts_at_once_in_hands_free_and_is_kept_in_push_to_talk() -> None:
    dialogue = hands_free()
    detection = detection_of(dialogue.retune(ServerVad(threshold=0.62)))
    assert isinstance(detection, dict)
    assert detection["threshold"] == 0.62
    dialogue.toggle_mode()
    assert dialogue.retune(ServerVad(threshold=0.62, silence_duration_ms=800)) == []
    detection = detection_of(dialogue.toggle_mode())
    assert isinstance(detection, dict)
    assert (detection["threshold"], detection["silence_duration_ms"]) == (0.62, 800)


def test_another_kind_is_sent_whole_and_nothing_is_sent_twice() -> None:
    dialogue = hands_free()
    assert detection_of(dialogue.retune(SemanticVad(eagerness="low"))) == {
        "type": "semantic_vad",
        "eagerness": "low",
        "create_response": True,
        "interrupt_response": True,
    }
    assert dialogue.retune(SemanticVad(eagerness="low")) == []


def test_a_fine_value_is_taken_back_by_null_once_it_was_sent() -> None:
    dialogue = hands_free()
    assert "hysteresis" not in str(detection_of(dialogue.retune(ServerVad(threshold=0.6))))
    config = SessionConfig()
    for rules in (ServerVad(hysteresis=0.25), ServerVad(min_speech_ms=96), ServerVad(), SemanticVad(hysteresis=0.1)):
        (update,) = dialogue.retune(rules)
        assert isinstance(update, client.SessionUpdate)
        config = apply_update(config, update.session)
        assert config.audio.input.turn_detection == rules


def refusal(effects: list[Effect]) -> server.ErrorEvent:
    """The server does not take the one update among `effects`."""
    (update,) = [effect for effect in effects if isinstance(effect, client.SessionUpdate)]
    param = "session.audio.input.turn_detection.threshold"
    return server.ErrorEvent(
        error=ErrorDetail(code="invalid_value", message="no", param=param, event_id=update.event_id)
    )


def test_rules_that_are_refused_give_way_to_those_that_hold() -> None:
    dialogue = hands_free()
    refused = refusal(dialogue.retune(ServerVad(threshold=0.7)))
    assert dialogue.take(refused, 0) == [Tell("no", "error")]
    assert dialogue.rules == RULES


def test_rules_that_are_refused_on_the_way_back_to_hands_free_do_not_leave_it_deaf() -> None:
    dialogue = push_to_talk()
    dialogue.retune(ServerVad(hysteresis=0.3))
    again = dialogue.take(refusal(dialogue.toggle_mode()), 0)
    assert isinstance(detection_of(again), dict)
    assert dialogue.rules == ServerVad()
    assert dialogue.take(refusal(again), 0) == [Tell("no", "error")]  # and no endless loop


def test_an_error_about_something_else_changes_no_rules() -> None:
    dialogue = hands_free()
    dialogue.retune(ServerVad(threshold=0.7))
    error = ErrorDetail(code="invalid_value", message="no", param="session.audio.input.turn_detection", event_id="x")
    dialogue.take(server.ErrorEvent(error=error), 0)
    assert dialogue.rules.threshold == 0.7


def test_a_newer_wish_survives_the_refusal_of_an_older_one() -> None:
    dialogue = hands_free()
    first = dialogue.retune(ServerVad(threshold=0.7))
    dialogue.retune(ServerVad(threshold=0.6))
    dialogue.take(refusal(first), 0)
    assert dialogue.rules.threshold == 0.6
