"""What the user is told and shown at each event, and what the dialogue knows between two of them."""

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

from tui_assistant.client.dialogue import Dialogue
from tui_assistant.client.effects import Did, Duck, Effect, Flush, PlayEnd, ReleaseFloor, Tell, Unduck
from tui_assistant.client.interruption import BargeInTimes
from tui_assistant.client.transcript import TranscriptLine
from tui_assistant.protocol import client, server
from tui_assistant.protocol.items import AssistantMessage, ErrorDetail
from tui_assistant.protocol.session import ServerVad, SessionObject

OURS = ServerVad(create_response=False, interrupt_response=False)
SPEAKS = server.SpeechStarted(item_id="u2", audio_start_ms=0)


def ours(*, push_to_talk: bool = False) -> Dialogue:
    """Interrupting and answering are the client's business."""
    dialogue = Dialogue(OURS, RATE, push_to_talk=push_to_talk, barge_in=BargeInTimes())
    dialogue.take(updated(None if push_to_talk else OURS), 0)
    return dialogue


def run(dialogue: Dialogue, *events: server.ServerEvent, now_ms: int = 0) -> list[Effect]:
    return [effect for event in events for effect in dialogue.take(event, now_ms)]


def told(effects: list[Effect]) -> list[Tell]:
    return [effect for effect in effects if isinstance(effect, Tell)]


def shown(effects: list[Effect]) -> list[tuple[str, str]]:
    """Keys and texts of the lines that changed."""
    return [(effect.key, effect.text or effect.note) for effect in effects if isinstance(effect, TranscriptLine)]


def sent(effects: list[Effect]) -> list[str]:
    return [effect.type for effect in effects if isinstance(effect, client.ClientEventBase)]  # type: ignore[attr-defined]


def test_before_anything_has_happened() -> None:
    dialogue = Dialogue(RULES, RATE)
    assert (dialogue.talking, dialogue.held, dialogue.user_open, dialogue.busy) == (False, False, False, False)
    assert (dialogue.push_to_talk, dialogue.turn_detection, dialogue.rules) == (False, RULES, RULES)
    dialogue = Dialogue(RULES, RATE, push_to_talk=True)
    assert (dialogue.push_to_talk, dialogue.turn_detection, dialogue.rules) == (True, None, RULES)


def test_the_hint_after_a_slip_of_the_key() -> None:
    dialogue = push_to_talk()
    dialogue.press(5_000)
    (hint,) = told(dialogue.release(5_099, spoke=False))
    assert hint == Tell("That was too short to hold a word: hold the key while you speak.", "information")
    assert (dialogue.talking, dialogue.held) == (False, False)
    dialogue.press(6_000)
    assert dialogue.release(6_100, spoke=False) == [ReleaseFloor(6_100)]
    assert dialogue.held


def test_an_alarm_is_a_warning_and_any_other_response_is_none() -> None:
    alarm = server.ResponseCreated(response=response(metadata={"origin": "timer"}))
    assert hands_free().take(alarm, 0) == [Tell("A timer is up.", "warning")]
    for metadata in (None, {}, {"origin": "idle"}, {"timer": "origin"}):
        created = server.ResponseCreated(response=response(metadata=metadata))
        assert hands_free().take(created, 0) == []


def test_an_alarm_that_sounds_while_the_floor_is_held_is_not_cancelled() -> None:
    dialogue = push_to_talk()
    dialogue.press(0)
    alarm = server.ResponseCreated(response=response(metadata={"origin": "timer"}))
    assert run(dialogue, alarm) == [Tell("A timer is up.", "warning")]


def test_a_typed_message_is_owed_one_answer() -> None:
    dialogue = push_to_talk()
    dialogue.press(0)
    dialogue.say("hello")
    assert sent(run(dialogue, *answer_begins("hi"), *answer_ends())) == []
    assert sent(run(dialogue, *answer_begins("and more", "a2", "resp_2")[:1])) == ["response.cancel"]
    dialogue = push_to_talk()
    dialogue.press(0)
    assert sent(run(dialogue, *answer_begins("unasked")[:1])) == ["response.cancel"]


@pytest.mark.parametrize(
    ("code", "event_id", "expected"),
    [
        ("invalid_value", None, [Tell("no", "error")]),
        ("invalid_value", "x", [Tell("no", "error")]),
        ("item_not_found", "unheard_1", []),
        ("response_cancel_not_active", None, []),
    ],
)
def test_which_errors_are_told(code: str, event_id: str | None, expected: list[Effect]) -> None:
    event = server.ErrorEvent(error=ErrorDetail(code=code, message="no", event_id=event_id))
    assert hands_free().take(event, 0) == expected


def test_refused_rules_are_told_and_others_asked_for_where_nobody_would_end_turns() -> None:
    dialogue = push_to_talk()
    dialogue.retune(ServerVad(threshold=0.7))
    (update,) = dialogue.toggle_mode()
    assert isinstance(update, client.SessionUpdate)
    assert "transcription" not in update.session["audio"]["input"]
    error = server.ErrorEvent(error=ErrorDetail(code="invalid_value", message="no", event_id=update.event_id))
    told_first, again = dialogue.take(error, 0)
    assert told_first == Tell("no", "error")
    assert isinstance(again, client.SessionUpdate)


@pytest.mark.parametrize("state", ["held", "detecting"])
def test_refused_rules_are_only_told_where_turns_are_ended(state: str) -> None:
    dialogue = hands_free()
    if state == "held":
        (update,) = dialogue.retune(ServerVad(threshold=0.7))
        dialogue.press(0)
        run(dialogue, updated(None))
    else:
        (update,) = dialogue.retune(ServerVad(threshold=0.7))
    assert isinstance(update, client.SessionUpdate)
    error = server.ErrorEvent(error=ErrorDetail(code="invalid_value", message="no", event_id=update.event_id))
    assert dialogue.take(error, 0) == [Tell("no", "error")]


@pytest.mark.parametrize(
    ("before", "event", "lines"),
    [
        ([], turn()[0], [("u1", "")]),
        (turn()[:1], turn()[1], [("u1", "ended: silence 512 ms ≥ 500 ms")]),
        (turn()[:1], server.BufferCommitted(item_id="u1", reason={"rule": "commit"}), [("u1", "ended: sent by key")]),
        (
            [SPEAKS, server.SpeechStopped(item_id="u2", audio_end_ms=0)],
            server.BufferCommitted(item_id="u2", reason={"rule": "commit"}),
            [("u2", "ended: sent by key")],
        ),
        (turn()[:1], server.BufferCleared(), [("u1", "cleared")]),
        (turn(), words("hello"), [("u1", "hello")]),
        (
            turn(),
            server.TranscriptionFailed(item_id="u1", error=server.TranscriptionError(message="it died")),
            [("u1", "(it died)")],
        ),
        (answer_begins("one")[:2], answer_begins("one")[2], [("a1", "one")]),
        ([], failed("no model"), [("resp_1", "(no model)")]),
    ],
)
@pytest.mark.parametrize("make", [hands_free, push_to_talk, ours])
def test_each_event_shows_its_line(
    make: type[Dialogue], before: list[server.ServerEvent], event: server.ServerEvent, lines: list[tuple[str, str]]
) -> None:
    dialogue = make()  # type: ignore[call-arg]
    run(dialogue, *before)
    assert shown(dialogue.take(event, 0)) == lines


def test_a_line_has_the_time_of_its_beginning() -> None:
    effects = hands_free().take(SPEAKS, 1_234)
    assert [effect.at_ms for effect in effects if isinstance(effect, TranscriptLine)] == [1_234]


def test_the_end_of_the_sound_is_handed_on() -> None:
    dialogue = hands_free()
    run(dialogue, *answer_begins("one"), sound(100))
    assert PlayEnd() in run(dialogue, answer_ends()[0])


def test_the_users_turn_is_open_until_it_ends_is_committed_or_cleared() -> None:
    for end in (turn("u2")[1], server.BufferCommitted(item_id="u2"), server.BufferCleared()):
        dialogue = hands_free()
        dialogue.take(SPEAKS, 0)
        assert dialogue.user_open
        dialogue.take(end, 0)
        assert not dialogue.user_open


@pytest.mark.parametrize("known", [words("hello"), words("")])
def test_words_are_awaited_after_the_commit(known: server.ServerEvent) -> None:
    dialogue = hands_free()
    run(dialogue, *turn())
    assert (dialogue.busy, dialogue.thinking) == (True, True)
    run(dialogue, known)
    assert not dialogue.busy
    run(dialogue, *turn("u3"))
    error = server.TranscriptionError(message="it died")
    run(dialogue, server.TranscriptionFailed(item_id="u3", error=error))
    assert not dialogue.busy


@pytest.mark.parametrize(("status", "busy"), [("completed", False), ("failed", False), ("cancelled", True)])
def test_a_service_that_answers_may_never_say_what_it_heard(status: str, busy: bool) -> None:
    dialogue = hands_free()
    run(dialogue, *turn(), *answer_begins("one"), *answer_ends(status))
    assert dialogue.busy is busy


@pytest.mark.parametrize("metadata", [None, {}, {"volume": "0.50"}])
def test_only_what_was_done_is_followed(metadata: dict[str, str] | None) -> None:
    done = server.ResponseDone(response=response("completed", metadata=metadata))
    effects = [effect for effect in hands_free().take(done, 0) if isinstance(effect, Did)]
    assert effects == ([Did(metadata)] if metadata else [])


def test_another_session_begins_with_its_own_rules_and_no_answer() -> None:
    dialogue = ours()
    run(dialogue, *turn(), words("hello"), *answer_begins("one"))
    assert dialogue.busy
    rules = ServerVad(threshold=0.8)
    session = SessionObject(id="s2", audio=updated(rules).session.audio)
    assert run(dialogue, server.SessionCreated(session=session)) == []
    assert dialogue.turn_detection == rules
    assert not dialogue.busy
    assert sent(dialogue.say("hello")) == ["conversation.item.create", "response.create"]


def test_only_the_turn_that_was_ended_by_voice_is_answered_by_us() -> None:
    dialogue = ours()
    run(dialogue, *turn("u1")[:2])
    assert sent(run(dialogue, server.BufferCommitted(item_id="u9"))) == []
    assert sent(run(dialogue, server.BufferCommitted(item_id="u1"))) == ["response.create"]


def test_a_turn_that_the_server_ends_while_the_floor_is_held_is_answered_with_the_release() -> None:
    dialogue = ours()
    run(dialogue, *turn("u1")[:2])
    dialogue.press(0)
    assert sent(run(dialogue, server.BufferCommitted(item_id="u1"))) == []
    dialogue.release(1_000, spoke=True)
    assert sent(dialogue.floor_released()).count("response.create") == 1


@pytest.mark.parametrize(("said", "answered"), [("stop that", True), ("mhm", False), ("", False)])
def test_words_that_are_known_already_decide_at_the_commit(said: str, answered: bool) -> None:
    dialogue = ours()
    run(dialogue, *turn("u1"), words("hello"), *answer_begins("one two three"), sound(1_000))
    dialogue.heard(400, 0)
    run(dialogue, SPEAKS)
    dialogue.frame(0.9)
    text, stash = said.split(" ") if " " in said else (said, "")
    run(dialogue, server.TranscriptionDelta(item_id="u2", delta=text, text=text, stash=stash))
    effects = run(dialogue, *turn("u2")[1:3])
    assert ("response.cancel" in sent(effects)) is answered
    assert sent(run(dialogue, *answer_ends("cancelled"))) == (["response.create"] if answered else [])


def test_a_voice_that_takes_back_an_unheard_answer_leaves_nothing_ducked() -> None:
    dialogue = ours()
    run(dialogue, *turn("u1"), words("hello"), *answer_begins("one"))
    effects = [effect for _ in range(8) for effect in [*dialogue.take(SPEAKS, 0)[1:], *dialogue.frame(0.9)]]
    assert [effect for effect in effects if isinstance(effect, Duck | Unduck | Flush)] == [Duck(), Unduck()]


@pytest.mark.parametrize("why", ["held", "push-to-talk", "the server's business"])
def test_where_the_voice_is_not_ours_to_judge_frames_do_nothing(why: str) -> None:
    dialogue = ours(push_to_talk=why == "push-to-talk")
    if why == "the server's business":
        run(dialogue, updated(RULES))
    run(dialogue, *answer_begins("one two three"), sound(1_000))
    dialogue.heard(400, 0)
    if why == "held":  # and the server has not echoed it yet; an alarm sounds all the same
        dialogue.press(0)
        alarm = server.ResponseCreated(response=response(id="resp_2", metadata={"origin": "timer"}))
        run(dialogue, alarm, *answer_begins("Tea", "a2", "resp_2")[1:], sound(1_000, "a2", "resp_2"))
        assert dialogue.playback.playing
    assert [effect for _ in range(20) for effect in dialogue.frame(0.9)] == []


def test_the_threshold_in_force_says_what_speech_is() -> None:
    dialogue = ours()
    run(dialogue, updated(OURS.model_copy(update={"threshold": 0.8})), *answer_begins("one two three"), sound(1_000))
    dialogue.heard(400, 0)
    assert [effect for _ in range(20) for effect in dialogue.frame(0.79)] == []
    assert [effect for _ in range(2) for effect in dialogue.frame(0.8)] == [Duck()]


@pytest.mark.parametrize("begun", ["while it sounds", "before"])
def test_a_yes_answers_a_question_whenever_it_began(begun: str) -> None:
    dialogue = ours()
    asks = [*answer_begins("Shall I?"), sound(1_000)]
    run(dialogue, *([SPEAKS, *asks] if begun == "before" else [*asks, SPEAKS]))
    if begun == "before":
        dialogue.frame(0.9)
    run(dialogue, *turn("u2")[1:3])
    assert "response.cancel" in sent(run(dialogue, words("yes", "u2")))


def test_a_turn_whose_words_failed_is_answered_once_where_it_took_the_floor() -> None:
    dialogue = ours()
    run(dialogue, *answer_begins("one two three"), sound(1_000))
    dialogue.heard(400, 0)
    run(dialogue, SPEAKS)
    for _ in range(8):
        dialogue.frame(0.9)
    run(dialogue, *answer_ends("cancelled"), *turn("u2")[1:3])
    error = server.TranscriptionError(message="it died")
    assert sent(run(dialogue, server.TranscriptionFailed(item_id="u2", error=error))) == ["response.create"]
    assert dialogue.busy
    assert sent(dialogue.say("and this")) == ["conversation.item.create"]  # it is on its way


@pytest.mark.parametrize("said", ["failed", ""])
def test_a_noise_without_words_leaves_the_answer(said: str) -> None:
    dialogue = ours()
    run(dialogue, *answer_begins("one two three"), sound(1_000), SPEAKS, *turn("u2")[1:3])
    error = server.TranscriptionError(message="it died")
    known = words("", "u2") if not said else server.TranscriptionFailed(item_id="u2", error=error)
    assert sent(run(dialogue, known)) == []
    assert dialogue.playback.playing


def test_a_turn_in_the_quiet_is_over_no_answer() -> None:
    dialogue = ours()
    run(dialogue, SPEAKS)
    for _ in range(8):
        assert dialogue.frame(0.9) == []
    assert sent(run(dialogue, *turn("u2")[1:3])) == ["response.create"]


def test_nobody_is_answered_while_they_speak() -> None:
    dialogue = ours()
    run(dialogue, *answer_begins("one"), sound(10), *turn("u1")[:3], words("stop"))
    run(dialogue, SPEAKS)
    assert sent(run(dialogue, *answer_ends("cancelled"))) == []
    assert sent(run(dialogue, server.BufferCleared())) == ["response.create"]


def test_a_tail_that_was_kept_back_is_not_sent() -> None:
    dialogue = push_to_talk()
    dialogue.press(0)
    dialogue.release(1_000, spoke=True)
    dialogue.press(1_100)
    assert dialogue.floor_released() == []
    assert dialogue.held


def test_figures_are_noted_once_the_answer_is_heard() -> None:
    dialogue = hands_free()
    run(dialogue, *turn(), now_ms=1_000)
    run(dialogue, *answer_begins("one"), sound(100), now_ms=1_100)
    assert dialogue.heard(0, 1_200) == []
    figures, line = dialogue.heard(50, 1_200)
    assert isinstance(line, TranscriptLine)
    assert (line.key, line.note) == ("a1", str(figures))
    assert dialogue.heard(100, 1_300) == []


def test_dropping_the_floor_closes_the_line_of_an_open_turn() -> None:
    dialogue = hands_free()
    dialogue.take(SPEAKS, 0)
    dialogue.press(0)
    assert shown(dialogue.drop_talk()) == [("u2", "cleared")]
    assert (dialogue.user_open, dialogue.held) == (False, False)


def test_text_without_sound_is_an_answer_that_was_read() -> None:
    dialogue = push_to_talk()
    item = AssistantMessage(id="a1", content=())
    run(
        dialogue,
        server.ResponseCreated(response=response()),
        server.OutputItemAdded(response_id="resp_1", output_index=0, item=item),
        server.OutputTextDelta(response_id="resp_1", item_id="a1", delta="one"),
    )
    assert sent(dialogue.interrupt()) == ["response.cancel"]  # and nothing is deleted
