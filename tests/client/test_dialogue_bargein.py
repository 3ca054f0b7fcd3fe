"""The user's voice over an answer, where interrupting and answering are the client's business."""

from __future__ import annotations

import pytest
from conversation import RATE, answer_begins, answer_ends, response, sound, turn, updated, words

from tui_assistant.client import effects as do
from tui_assistant.client.dialogue import Dialogue
from tui_assistant.client.effects import Effect
from tui_assistant.client.interruption import BargeInTimes
from tui_assistant.client.transcript import TranscriptLine
from tui_assistant.protocol import client, server
from tui_assistant.protocol.items import ErrorDetail
from tui_assistant.protocol.session import ServerVad

OURS = ServerVad(create_response=False, interrupt_response=False)
LOUD = 0.9


def hands_free(rules: ServerVad = OURS, times: BargeInTimes = BargeInTimes()) -> Dialogue:  # noqa: B008  # frozen
    dialogue = Dialogue(rules, RATE, barge_in=times)
    dialogue.begin()
    dialogue.take(updated(rules), 0)
    return dialogue


def run(dialogue: Dialogue, events: list[server.ServerEvent], now_ms: int = 0) -> list[Effect]:
    return [effect for event in events for effect in dialogue.take(event, now_ms)]


def frames(dialogue: Dialogue, count: int, p: float = LOUD) -> list[Effect]:
    return [effect for _ in range(count) for effect in dialogue.frame(p)]


def sent(effects: list[Effect]) -> list[str]:
    shown = []
    for effect in effects:
        if isinstance(effect, client.ClientEventBase):
            shown.append(effect.type)  # type: ignore[attr-defined]
        elif isinstance(effect, do.Duck | do.Unduck | do.Flush | do.Play):
            shown.append(type(effect).__name__)
    return shown


def answering(dialogue: Dialogue, *, text: str = "one two three", ended: bool = False) -> Dialogue:
    """A first turn is answered: of 1000 ms that came 400 were heard."""
    assert sent(run(dialogue, turn("u1"))) == ["response.create"]
    run(dialogue, [words("hello", "u1"), *answer_begins(text), sound(1000), *(answer_ends() if ended else [])])
    dialogue.heard(400, 0)
    return dialogue


def speaks(item: str = "u2") -> server.SpeechStarted:
    return server.SpeechStarted(item_id=item, audio_start_ms=2000)


def partial(text: str, item: str = "u2") -> server.TranscriptionDelta:
    return server.TranscriptionDelta(item_id=item, delta=text, text=text)


def stops(item: str = "u2") -> list[server.ServerEvent]:
    return turn(item)[1:]


def test_a_turn_is_answered_by_us_at_its_commit_and_once() -> None:
    dialogue = hands_free()
    assert sent(run(dialogue, turn()[:2])) == []
    assert sent(run(dialogue, turn()[2:])) == ["response.create"]
    assert sent(run(dialogue, [words("hello")])) == []
    assert sent(dialogue.heard(0, 100)) == []
    assert dialogue.busy


@pytest.mark.parametrize("times", [BargeInTimes(0, 0), BargeInTimes(0, 700)])
def test_at_zero_the_server_does_both(times: BargeInTimes) -> None:
    dialogue = hands_free(ServerVad(), times)
    assert not dialogue.interrupts
    assert sent(run(dialogue, turn())) == []
    run(dialogue, [words("hello"), *answer_begins("one two"), sound(1000)])
    dialogue.heard(400, 0)
    assert frames(dialogue, 20) == []
    assert sent(dialogue.take(speaks(), 0)) == ["Flush", "conversation.item.truncate"]


def test_a_server_that_does_not_let_us_is_left_to_it() -> None:
    dialogue = hands_free()
    dialogue.take(updated(ServerVad()), 0)  # it has echoed true and true
    assert not dialogue.interrupts
    assert sent(run(dialogue, turn())) == []


def test_the_onset_ducks_and_a_quarter_of_a_second_cancels_at_what_was_heard() -> None:
    dialogue = answering(hands_free())
    assert sent(dialogue.take(speaks(), 0)) == ["Duck"]
    assert sent(frames(dialogue, 5)) == []
    effects = frames(dialogue, 1)
    assert sent(effects) == ["response.cancel", "Flush", "conversation.item.truncate"]
    (cancel,) = [effect for effect in effects if isinstance(effect, client.ResponseCancel)]
    assert cancel.response_id == "resp_1"
    (truncate,) = [effect for effect in effects if isinstance(effect, client.ConversationItemTruncate)]
    assert (truncate.item_id, truncate.audio_end_ms) == ("a1", 400)
    (line,) = [effect for effect in effects if isinstance(effect, TranscriptLine)]
    assert (line.text, line.interrupted_at_s) == ("one—", 0.4)
    assert sent(run(dialogue, [sound(500), *answer_ends("cancelled")])) == []
    frames(dialogue, 20)
    assert sent(run(dialogue, stops())) == ["response.create"]  # without its words: too long for a backchannel


def test_what_is_only_played_is_cut_without_a_cancel() -> None:
    dialogue = answering(hands_free(), ended=True)
    dialogue.take(speaks(), 0)
    assert sent(frames(dialogue, 8)) == ["Flush", "conversation.item.truncate"]


def test_late_deltas_of_a_cancelled_response_are_dropped_by_its_id() -> None:
    dialogue = answering(hands_free())
    dialogue.take(speaks(), 0)
    frames(dialogue, 8)
    late = [*answer_begins("more", "a9")[1:], sound(500, "a9"), sound(500, "never announced")]
    assert sent(run(dialogue, late)) == []
    assert sent(run(dialogue, answer_ends("cancelled"))) == []
    assert sent(run(dialogue, [sound(500, "a10")])) == []  # even after its end


def test_the_next_request_waits_for_the_end_of_the_cancelled_one() -> None:
    dialogue = answering(hands_free())
    dialogue.take(speaks(), 0)
    frames(dialogue, 8)
    assert sent(run(dialogue, [*stops(), words("stop", "u2")])) == []
    assert sent(run(dialogue, answer_ends("cancelled"))) == ["response.create"]


def test_a_server_that_never_ends_a_cancelled_response_is_asked_all_the_same() -> None:
    dialogue = answering(hands_free())
    dialogue.take(speaks(), 0)
    frames(dialogue, 8)
    assert sent(run(dialogue, [*stops(), words("stop", "u2")], 1000)) == []
    assert sent(dialogue.heard(400, 5900)) == []
    assert sent(dialogue.heard(400, 6000)) == ["response.create"]
    assert sent(dialogue.heard(400, 6010)) == []


def test_after_a_cough_the_answer_comes_back_and_nothing_is_asked_for() -> None:
    dialogue = answering(hands_free())
    assert sent(dialogue.take(speaks(), 0)) == ["Duck"]
    assert sent(frames(dialogue, 4)) == []
    assert sent(frames(dialogue, 7, 0.0)) == ["Unduck"]
    assert sent(run(dialogue, [*stops(), words("", "u2")])) == []
    assert sent(run(dialogue, [sound(500)])) == ["Play"]
    assert dialogue.heard(1500, 10_000) == []
    run(dialogue, answer_ends())
    assert not dialogue.busy


def test_a_backchannel_during_an_answer_gets_no_response() -> None:
    dialogue = answering(hands_free())
    run(dialogue, [speaks(), partial("mhm")])
    assert sent(frames(dialogue, 19)) == []  # 608 ms
    assert sent(frames(dialogue, 7, 0.0)) == ["Unduck"]
    assert sent(run(dialogue, [*stops(), words("Mhm.", "u2")])) == []
    assert dialogue.playback.playing
    run(dialogue, answer_ends())
    assert sent(dialogue.heard(1000, 60_000)) == []
    assert not dialogue.busy


def test_one_that_has_taken_the_floor_gets_none_either() -> None:
    dialogue = answering(hands_free())
    dialogue.take(speaks(), 0)
    assert "response.cancel" in sent(frames(dialogue, 8))  # its words came too late
    assert sent(run(dialogue, [*answer_ends("cancelled"), *stops(), words("yeah", "u2")])) == []


def test_it_is_answered_where_backchannels_are_words_like_any_other() -> None:
    dialogue = answering(hands_free(times=BargeInTimes(250, 0)))
    run(dialogue, [speaks(), partial("mhm")])
    assert "response.cancel" in sent(frames(dialogue, 8))
    assert sent(run(dialogue, [*answer_ends("cancelled"), *stops(), words("mhm", "u2")])) == ["response.create"]


def test_yes_to_a_question_is_an_answer() -> None:
    dialogue = answering(hands_free(), text="Shall I delete it?")
    run(dialogue, [speaks(), partial("yes")])
    assert "response.cancel" in sent(frames(dialogue, 8))
    run(dialogue, answer_ends("cancelled"))
    assert sent(run(dialogue, [*stops(), words("yes", "u2")])) == ["response.create"]


def test_a_short_word_that_is_no_backchannel_ends_the_answer_once_it_is_known() -> None:
    dialogue = answering(hands_free())
    dialogue.take(speaks(), 0)
    assert sent(frames(dialogue, 5)) == []
    assert sent(frames(dialogue, 7, 0.0)) == ["Unduck"]
    assert sent(run(dialogue, stops())) == []
    effects = run(dialogue, [words("stop", "u2")])
    assert sent(effects) == ["response.cancel", "Flush", "conversation.item.truncate"]
    assert sent(run(dialogue, answer_ends("cancelled"))) == ["response.create"]


def test_a_turn_that_took_the_floor_is_answered_though_its_words_never_come() -> None:
    dialogue = answering(hands_free(), ended=True)
    dialogue.take(speaks(), 0)
    frames(dialogue, 8)
    assert sent(run(dialogue, stops(), 5000)) == []
    assert sent(dialogue.heard(400, 5900)) == []
    assert sent(dialogue.heard(400, 6000)) == ["response.create"]
    assert sent(run(dialogue, [words("late", "u2")], 7000)) == []


def test_who_goes_on_before_the_answer_sounds_takes_it_back_and_gets_one_answer() -> None:
    dialogue = hands_free()
    assert sent(run(dialogue, [*turn("u1"), words("set a timer", "u1")])) == ["response.create"]
    dialogue.take(speaks(), 0)
    frames(dialogue, 8)
    assert sent(run(dialogue, answer_begins("no")[:1])) == ["response.cancel"]  # it was on its way
    assert sent(run(dialogue, [*stops(), words("okay", "u2")])) == []
    assert sent(run(dialogue, answer_ends("cancelled"))) == ["response.create"]


def test_a_noise_that_took_back_an_unheard_answer_does_not_hide_the_question() -> None:
    dialogue = hands_free()
    run(dialogue, [*turn("u1"), words("what time is it", "u1"), *answer_begins("It is")])
    dialogue.take(speaks(), 0)
    assert sent(frames(dialogue, 8)) == ["response.cancel", "conversation.item.delete", "Unduck"]
    run(dialogue, [*answer_ends("cancelled"), *stops()])
    assert sent(run(dialogue, [words("", "u2")])) == ["response.create"]


def test_a_refused_request_is_made_again_after_the_running_response() -> None:
    dialogue = hands_free()
    (create,) = [e for e in run(dialogue, turn("u1")) if isinstance(e, client.ResponseCreate)]
    alarm = server.ResponseCreated(response=response(metadata={"origin": "timer"}))
    run(dialogue, [alarm])
    detail = ErrorDetail(code="conversation_already_has_active_response", message="no", event_id=create.event_id)
    assert run(dialogue, [server.ErrorEvent(error=detail)]) == []
    assert sent(run(dialogue, answer_ends())) == ["response.create"]


def test_an_alarm_is_interrupted_as_an_answer_is() -> None:
    dialogue = hands_free()
    alarm = server.ResponseCreated(response=response(metadata={"origin": "timer"}))
    run(dialogue, [alarm, *answer_begins("Tea is ready.")[1:], sound(1000)])
    dialogue.heard(300, 0)
    assert sent(dialogue.take(speaks(), 0)) == ["Duck"]
    assert sent(frames(dialogue, 8)) == ["response.cancel", "Flush", "conversation.item.truncate"]


def test_keys_and_typed_messages_interrupt_at_once_and_leave_nothing_ducked() -> None:
    dialogue = answering(hands_free())
    dialogue.take(speaks(), 0)
    assert sent(dialogue.interrupt()) == ["response.cancel", "Flush", "conversation.item.truncate", "Unduck"]
    dialogue = answering(hands_free())
    assert sent(dialogue.say("hello"))[-2:] == ["conversation.item.create", "response.create"]
    dialogue = answering(hands_free())
    dialogue.take(speaks(), 0)
    assert "Unduck" in sent(dialogue.press(0))
    assert frames(dialogue, 20) == []


def test_a_message_typed_while_our_request_is_on_its_way_is_answered_after_it() -> None:
    dialogue = hands_free()
    run(dialogue, [*turn("u1"), words("hello", "u1")])
    assert sent(dialogue.say("no, this")) == ["conversation.item.create"]
    assert sent(run(dialogue, answer_begins("x")[:1])) == ["response.cancel"]
    assert sent(run(dialogue, answer_ends("cancelled"))) == ["response.create"]
    assert sent(run(dialogue, answer_begins("y", "a2", "resp_2"))) == []


def test_a_hold_over_a_committed_turn_sends_one_request_for_both() -> None:
    dialogue = answering(hands_free())
    dialogue.take(speaks(), 0)
    frames(dialogue, 3)
    run(dialogue, stops())  # its words are still to come
    dialogue.press(5000)
    run(dialogue, answer_ends("cancelled"))
    assert sent(run(dialogue, [words("stop", "u2")])) == []
    dialogue.release(7000, spoke=True)
    assert sent(dialogue.floor_released()).count("response.create") == 1
    run(dialogue, [updated(OURS), server.BufferCommitted(item_id="u3")])
    assert sent(dialogue.heard(400, 9000)) == []


def test_a_lost_session_owes_nothing() -> None:
    dialogue = answering(hands_free())
    dialogue.take(speaks(), 0)
    frames(dialogue, 8)
    run(dialogue, stops())
    dialogue.take(server.SessionCreated(session=updated(ServerVad()).session), 0)
    assert sent(dialogue.heard(400, 60_000)) == []
