"""Intents and server events in, client events and player commands out."""

from __future__ import annotations

import pytest
from conversation import (
    RATE,
    RULES,
    answer_begins,
    answer_ends,
    failed,
    hands_free,
    push_to_talk,
    response,
    sound,
    turn,
    updated,
    words,
)

from tui_assistant.client import effects as do
from tui_assistant.client.dialogue import Dialogue
from tui_assistant.client.effects import Effect, Since
from tui_assistant.client.latency import Waterfall
from tui_assistant.client.transcript import TranscriptLine
from tui_assistant.protocol import client, server
from tui_assistant.protocol.items import ErrorDetail, InputText, UserMessage
from tui_assistant.protocol.session import ServerVad


def sent(effects: list[Effect]) -> list[str]:
    """The types of the client events among `effects`, and the names of the player's and microphone's commands."""
    shown = []
    for effect in effects:
        if isinstance(effect, client.ClientEventBase):
            shown.append(effect.type)  # type: ignore[attr-defined]
        elif not isinstance(effect, TranscriptLine | Waterfall | do.Tell):
            shown.append(type(effect).__name__)
    return shown


def told(effects: list[Effect]) -> list[str]:
    return [effect.text for effect in effects if isinstance(effect, do.Tell)]


def lines(effects: list[Effect]) -> list[TranscriptLine]:
    return [effect for effect in effects if isinstance(effect, TranscriptLine)]


def run(dialogue: Dialogue, events: list[server.ServerEvent], now_ms: int = 0) -> list[Effect]:
    return [effect for event in events for effect in dialogue.take(event, now_ms)]


def detection_of(effects: list[Effect]) -> object:
    (update,) = [effect for effect in effects if isinstance(effect, client.SessionUpdate)]
    return update.session["audio"]["input"]["turn_detection"]


def test_a_conversation_begins_by_saying_how_turns_are_taken() -> None:
    (update,) = Dialogue(RULES, RATE).begin()
    assert isinstance(update, client.SessionUpdate)
    assert update.session["type"] == "realtime"
    assert update.session["audio"]["input"]["turn_detection"]["silence_duration_ms"] == 500
    assert update.session["audio"]["input"]["transcription"] == {}
    assert detection_of(Dialogue(RULES, RATE, push_to_talk=True).begin()) is None


def test_m_switches_by_session_update_and_back_to_the_same_rules() -> None:
    dialogue = hands_free()
    assert detection_of(dialogue.toggle_mode()) is None
    dialogue.take(updated(None), 0)
    assert dialogue.turn_detection is None
    assert detection_of(dialogue.toggle_mode()) == RULES.model_dump(mode="json")


def test_push_to_talk_takes_the_floor_and_sends_after_the_tail() -> None:
    dialogue = push_to_talk()
    effects = dialogue.press(1000)
    assert sent(effects) == ["input_audio_buffer.clear", "TakeFloor"]
    assert effects[-1] == do.TakeFloor(1000, Since.PREROLL)
    assert dialogue.talking
    assert dialogue.user_open
    assert dialogue.press(1100) == []
    assert dialogue.release(2500, spoke=True) == [do.ReleaseFloor(2500)]
    assert not dialogue.talking
    assert dialogue.busy
    assert sent(dialogue.floor_released()) == ["input_audio_buffer.commit", "response.create"]
    assert dialogue.floor_released() == []
    assert dialogue.release(2600, spoke=True) == []


def test_a_press_too_short_for_a_word_is_cleared_with_a_hint() -> None:
    dialogue = push_to_talk()
    dialogue.press(1000)
    effects = dialogue.release(1099, spoke=False)
    assert sent(effects) == ["DropFloor", "input_audio_buffer.clear"]
    assert "too short" in told(effects)[0]
    assert not dialogue.held


@pytest.mark.parametrize(("until_ms", "spoke"), [(1099, True), (1100, False)])
def test_speech_is_sent_however_short_and_silence_when_it_was_meant(until_ms: float, spoke: bool) -> None:
    dialogue = push_to_talk()
    dialogue.press(1000)
    assert sent(dialogue.release(until_ms, spoke=spoke)) == ["ReleaseFloor"]


def test_the_talk_key_interrupts_before_it_takes_the_floor() -> None:
    dialogue = push_to_talk()
    run(dialogue, [*answer_begins("one two three"), sound(1000)])
    dialogue.heard(400, 0)
    assert sent(dialogue.press(2000)) == [
        "response.cancel",
        "Flush",
        "conversation.item.truncate",
        "input_audio_buffer.clear",
        "TakeFloor",
    ]


def test_an_answer_that_was_on_its_way_when_the_key_went_down_is_cancelled_unheard() -> None:
    dialogue = push_to_talk()
    dialogue.press(0)
    assert sent(run(dialogue, answer_begins("late")[:1])) == ["response.cancel"]
    assert run(dialogue, [*answer_begins("late")[1:], sound(500), *answer_ends("cancelled")]) == []
    dialogue.release(1000, spoke=True)
    dialogue.floor_released()
    assert "Play" in sent(run(dialogue, [*answer_begins("two", "a2", "resp_2"), sound(100, "a2", "resp_2")]))


def test_a_message_typed_while_the_floor_is_held_is_answered() -> None:
    dialogue = push_to_talk()
    dialogue.press(0)
    dialogue.say("hello")
    assert "Play" in sent(run(dialogue, [*answer_begins("hi"), sound(500)]))


def test_holding_in_hands_free_takes_the_turns_from_the_server_and_gives_them_back() -> None:
    dialogue = hands_free()
    effects = dialogue.press(1000)
    assert sent(effects) == ["session.update", "input_audio_buffer.clear", "TakeFloor"]
    assert detection_of(effects) is None
    assert not dialogue.push_to_talk
    assert sent(dialogue.release(2000, spoke=True)) == ["ReleaseFloor"]
    effects = dialogue.floor_released()
    assert sent(effects) == ["input_audio_buffer.commit", "response.create", "session.update"]
    assert detection_of(effects) == RULES.model_dump(mode="json")


def test_a_hold_that_was_too_short_gives_the_turns_back_too() -> None:
    dialogue = hands_free()
    dialogue.press(1000)
    effects = dialogue.release(1050, spoke=False)
    assert sent(effects) == ["DropFloor", "input_audio_buffer.clear", "session.update"]
    assert detection_of(effects) == RULES.model_dump(mode="json")


def test_a_hold_in_the_middle_of_a_turn_keeps_its_words_and_is_never_too_short() -> None:
    dialogue = hands_free()
    run(dialogue, turn()[:1])
    effects = dialogue.press(1000)
    assert sent(effects) == ["session.update", "TakeFloor"]
    assert effects[-1] == do.TakeFloor(1000, Since.NOW)
    assert sent(dialogue.release(1010, spoke=False)) == ["ReleaseFloor"]


def test_what_is_tuned_during_a_hold_waits_for_its_end() -> None:
    dialogue = hands_free()
    dialogue.press(0)
    assert dialogue.retune(ServerVad(threshold=0.7)) == []
    dialogue.release(1000, spoke=True)
    assert dialogue.retune(ServerVad(threshold=0.7, silence_duration_ms=900)) == []
    detection = detection_of(dialogue.floor_released())
    assert isinstance(detection, dict)
    assert (detection["threshold"], detection["silence_duration_ms"]) == (0.7, 900)


def test_the_mode_switched_during_a_hold_is_the_servers_after_the_release() -> None:
    dialogue = push_to_talk()
    dialogue.press(0)
    assert dialogue.toggle_mode() == []
    dialogue.release(1000, spoke=True)
    effects = dialogue.floor_released()
    assert sent(effects) == ["input_audio_buffer.commit", "response.create", "session.update"]
    assert detection_of(effects) == RULES.model_dump(mode="json")

    dialogue = hands_free()
    dialogue.press(0)
    assert dialogue.toggle_mode() == []
    dialogue.release(1000, spoke=True)
    assert sent(dialogue.floor_released()) == ["input_audio_buffer.commit", "response.create"]
    assert dialogue.push_to_talk


def test_a_press_before_the_tail_has_gone_goes_on_with_the_turn() -> None:
    dialogue = push_to_talk()
    dialogue.press(0)
    dialogue.release(1000, spoke=True)
    assert dialogue.press(1100) == [do.KeepFloor()]
    assert dialogue.talking
    assert sent(dialogue.release(2000, spoke=True)) == ["ReleaseFloor"]
    assert sent(dialogue.floor_released()) == ["input_audio_buffer.commit", "response.create"]


def test_going_on_after_the_commit_is_a_new_turn_from_where_the_last_one_ended() -> None:
    dialogue = push_to_talk()
    dialogue.press(0)
    dialogue.release(1000, spoke=True)
    dialogue.floor_released()
    run(dialogue, answer_begins("half an answer"))
    effects = dialogue.press(1300, last_turn=True)
    assert sent(effects) == [
        "response.cancel",
        "conversation.item.delete",  # it has said nothing of what it wrote
        "input_audio_buffer.clear",
        "TakeFloor",
    ]
    assert effects[-1] == do.TakeFloor(1300, Since.LAST_TURN)


@pytest.mark.parametrize("let_go", [False, True])
def test_dropping_the_floor_clears_it_and_sends_nothing(let_go: bool) -> None:
    dialogue = hands_free()
    assert dialogue.drop_talk() == []
    dialogue.press(0)
    if let_go:
        dialogue.release(1000, spoke=True)
    assert sent(dialogue.drop_talk()) == ["DropFloor", "input_audio_buffer.clear", "session.update"]
    assert not dialogue.held
    assert dialogue.floor_released() == []


def test_speech_during_an_answer_stops_it_and_tells_what_was_heard() -> None:
    dialogue = hands_free()
    run(dialogue, [*turn(), words("hello"), *answer_begins("one two three"), sound(1000)])
    dialogue.heard(400, 1000)
    effects = dialogue.take(server.SpeechStarted(item_id="u2", audio_start_ms=2000), 1400)
    assert sent(effects) == ["Flush", "conversation.item.truncate"]
    (truncate,) = [effect for effect in effects if isinstance(effect, client.ConversationItemTruncate)]
    assert (truncate.item_id, truncate.audio_end_ms) == ("a1", 400)
    assert [line.interrupted_at_s for line in lines(effects) if line.key == "a1"] == [0.4]


def test_late_sound_of_an_interrupted_answer_is_dropped() -> None:
    dialogue = hands_free()
    run(dialogue, [*answer_begins("one"), sound(1000)])
    dialogue.heard(400, 0)
    dialogue.interrupt()
    assert run(dialogue, [sound(500), *answer_ends("cancelled")]) == []
    assert not dialogue.playback.playing
    assert not dialogue.busy


def test_an_answer_cut_off_before_its_first_sound_stays_silent() -> None:
    dialogue = hands_free()
    run(dialogue, answer_begins("one"))
    effects = dialogue.interrupt()
    assert sent(effects) == ["response.cancel", "conversation.item.delete"]
    assert [(line.text, line.interrupted_at_s) for line in lines(effects)] == [("—", 0.0)]
    assert run(dialogue, [sound(500)]) == []


def test_speech_does_not_stop_the_answer_where_the_server_does_not_interrupt() -> None:
    dialogue = hands_free()
    dialogue.take(updated(RULES.model_copy(update={"interrupt_response": False})), 0)
    run(dialogue, [*answer_begins("one"), sound(1000)])
    assert sent(dialogue.take(server.SpeechStarted(item_id="u2", audio_start_ms=2000), 0)) == []
    assert dialogue.playback.playing


def test_an_interrupt_after_response_done_still_stops_the_sound() -> None:
    dialogue = hands_free()
    run(dialogue, [*answer_begins("one"), sound(1000), *answer_ends()])
    dialogue.heard(250, 0)
    effects = dialogue.interrupt()
    assert sent(effects) == ["Flush", "conversation.item.truncate"]
    assert dialogue.interrupt() == []


def test_the_next_answer_is_heard_after_an_interrupted_one() -> None:
    dialogue = hands_free()
    run(dialogue, [*answer_begins("one"), sound(1000), *answer_ends()])
    dialogue.interrupt()
    effects = run(dialogue, [*answer_begins("two", "a2", "resp_2"), sound(100, "a2", "resp_2")])
    assert "Play" in sent(effects)


def test_typed_messages_are_items_and_are_answered() -> None:
    effects = hands_free().say("what time is it")
    assert sent(effects) == ["conversation.item.create", "response.create"]
    assert isinstance(effects[0], client.ConversationItemCreate)
    assert effects[0].item.model_dump()["content"] == ({"type": "input_text", "text": "what time is it"},)


@pytest.mark.parametrize(("code", "shown"), [("response_cancel_not_active", 0), ("invalid_value", 1)])
def test_errors_are_told_unless_they_only_crossed_our_own_event(code: str, shown: int) -> None:
    event = server.ErrorEvent(error=ErrorDetail(code=code, message="no"))
    assert len(told(hands_free().take(event, 0))) == shown


def test_what_a_skill_did_is_followed_when_its_response_ends() -> None:
    done = server.ResponseDone(response=response("completed", metadata={"volume": "0.50"}))
    assert do.Did({"volume": "0.50"}) in hands_free().take(done, 0)


def test_an_alarm_is_told_when_it_begins_to_speak() -> None:
    created = server.ResponseCreated(response=response(metadata={"origin": "timer"}))
    assert told(hands_free().take(created, 0)) == ["A timer is up."]


def test_thinking_lasts_from_the_commit_to_the_first_sound() -> None:
    dialogue = hands_free()
    assert not dialogue.thinking
    run(dialogue, turn())
    assert dialogue.thinking
    run(dialogue, [words("hello"), *answer_begins("hi")])
    assert dialogue.thinking
    run(dialogue, [sound(100)])
    assert not dialogue.thinking
    run(dialogue, answer_ends())
    dialogue.heard(100, 0)
    assert not dialogue.busy


def test_the_waterfall_adds_up_to_what_the_user_waits() -> None:
    dialogue = hands_free()
    run(dialogue, turn(), 1000)
    dialogue.take(words("hello"), 1006)
    run(dialogue, answer_begins("hi"), 1008)
    dialogue.take(sound(100), 1009)
    effects = dialogue.heard(1, 1050)
    (figures,) = [effect for effect in effects if isinstance(effect, Waterfall)]
    assert figures == Waterfall(vad=512, asr=6, think=2, voice=1, out=41)
    assert figures.total == 562
    assert [line.note for line in lines(effects)] == ["562 ms: vad 512 asr 6 think 2 voice 1 out 41"]


def test_a_turn_sent_by_key_waits_for_no_silence() -> None:
    dialogue = push_to_talk()
    run(dialogue, turn("old"), 100)  # never answered
    dialogue.take(server.BufferCommitted(item_id="u1", reason={"rule": "commit"}), 2000)
    dialogue.take(words("hello"), 2010)
    run(dialogue, answer_begins("hi"), 2020)
    dialogue.take(sound(100), 2030)
    (figures,) = [effect for effect in dialogue.heard(1, 2040) if isinstance(effect, Waterfall)]
    assert figures == Waterfall(vad=0, asr=10, think=10, voice=10, out=10)


def test_a_typed_message_has_no_waterfall() -> None:
    dialogue = push_to_talk()
    dialogue.take(server.BufferCommitted(item_id="u1", reason={"rule": "commit"}), 2000)
    dialogue.take(words(""), 2010)
    dialogue.take(server.ResponseDone(response=response("completed")), 2020)
    dialogue.take(server.ItemAdded(item=UserMessage(id="m1", content=(InputText(text="hello"),))), 6000)
    run(dialogue, [*answer_begins("hi"), sound(100)], 6010)
    assert [effect for effect in dialogue.heard(1, 6050) if isinstance(effect, Waterfall)] == []


def test_a_failed_response_says_why() -> None:
    (line,) = lines(hands_free().take(failed("the model does not answer"), 0))
    assert (line.who, line.text, line.failed, line.final) == ("bot", "(the model does not answer)", True, True)
