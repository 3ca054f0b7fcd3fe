"""What a link keeps over a break: nothing committed is answered twice, nothing is dropped unsaid."""

from __future__ import annotations

from typing import Any

from tui_assistant.links.kept import BEFORE_S, MOST_BREAKS, MOST_S, SEED, Kept
from tui_assistant.protocol import client, server
from tui_assistant.protocol.items import AssistantMessage, InputText, OutputAudio, Response, UserMessage
from tui_assistant.protocol.session import ServerVad, SessionObject

RATE = 16_000
SECOND = bytes(RATE * 2)
AUDIO: Any = {"output": {"format": {"type": "audio/pcm"}, "voice": "v"}}


def response(status: str = "in_progress") -> Response:
    return Response.model_validate({"id": "r", "status": status, "audio": AUDIO})


def update(rules: Any, **more: Any) -> client.SessionUpdate:
    return client.SessionUpdate(session={"type": "realtime", "audio": {"input": {"turn_detection": rules}}, **more})


def kept(rules: Any = None) -> Kept:
    result = Kept(RATE)
    result.sent(update(rules))
    session = SessionObject.model_validate({"id": "s", "audio": {"input": {"turn_detection": rules}}})
    result.received(server.SessionUpdated(session=session))
    return result


def spoken(one: Kept, item_id: str = "u") -> None:
    one.received(server.SpeechStarted(item_id=item_id, audio_start_ms=0))
    one.fed(SECOND)
    one.received(server.SpeechStopped(item_id=item_id, audio_end_ms=900))
    one.received(server.BufferCommitted(item_id=item_id))


def words(one: Kept, text: str = "what time is it", item_id: str = "u") -> None:
    usage = server.DurationUsage(seconds=1)
    one.received(server.TranscriptionCompleted(item_id=item_id, transcript=text, usage=usage))


def again(one: Kept) -> tuple[bytes, list[client.ClientEvent]]:
    parts = list(one.again())
    return b"".join(each for each in parts if isinstance(each, bytes)), [
        each for each in parts if not isinstance(each, bytes)
    ]


VAD = ServerVad().model_dump()


def test_the_settings_are_told_again_as_they_are_now() -> None:
    one = kept(VAD)
    one.sent(update(ServerVad(threshold=0.7).model_dump(), instructions="Be brief."))
    one.sent(client.SessionUpdate(session={"audio": {"output": {"voice": "Tina"}}}))
    _, (event,) = again(one)
    assert isinstance(event, client.SessionUpdate)
    assert event.session["instructions"] == "Be brief."
    assert event.session["audio"]["input"]["turn_detection"]["threshold"] == 0.7
    assert event.session["audio"]["output"] == {"voice": "Tina"}


def test_an_open_turn_becomes_one_of_the_next_session() -> None:
    one = kept(VAD)
    one.received(server.SpeechStarted(item_id="u", audio_start_ms=0))
    one.fed(SECOND)
    assert [event.type for event in one.broke()] == ["input_audio_buffer.cleared"]
    one.waiting(SECOND)
    audio, events = again(one)
    assert len(audio) == 2 * len(SECOND)
    assert [event.type for event in events] == ["session.update"]


def test_a_held_key_is_sent_with_its_commit_exactly_once() -> None:
    one = kept(None)
    one.fed(SECOND)
    list(one.broke())
    one.waiting(SECOND)
    one.sent(client.InputAudioBufferCommit())
    one.sent(client.ResponseCreate())
    audio, events = again(one)
    assert len(audio) == 2 * len(SECOND)
    assert [event.type for event in events[1:]] == ["input_audio_buffer.commit", "response.create"]
    one.received(server.BufferCommitted(item_id="u"))
    one.broke()
    audio, events = again(one)
    assert len(audio) == 2 * len(SECOND), "nobody has written down what it was"
    assert [event.type for event in events[1:]] == ["input_audio_buffer.commit", "response.create"]
    one.received(server.BufferCommitted(item_id="u2"))
    words(one, item_id="u2")
    audio, events = again(one)
    assert (audio, len(events)) == (b"", 3)
    assert events[-1].type == "response.create", "the answer is still due"
    one.received(server.ResponseCreated(response=response()))
    one.received(server.OutputAudioDelta(response_id="r", item_id="a", delta=""))
    assert "response.create" not in [event.type for event in again(one)[1]]


def test_a_commit_that_was_not_confirmed_is_made_again() -> None:
    one = kept(None)
    one.fed(SECOND)
    one.sent(client.InputAudioBufferCommit())
    one.sent(client.ResponseCreate())
    assert list(one.broke()) == []
    audio, events = again(one)
    assert (len(audio), len(events)) == (len(SECOND), 3)


def test_an_answer_that_has_not_begun_is_asked_for_again_if_the_words_are_known() -> None:
    one = kept(VAD)
    spoken(one)
    words(one)
    one.received(server.ResponseCreated(response=response()))
    assert [event.type for event in one.broke()] == ["response.done"]
    _, events = again(one)
    assert [event.type for event in events] == ["session.update", "conversation.item.create", "response.create"]
    told = events[1]
    assert isinstance(told, client.ConversationItemCreate)
    assert isinstance(told.item, UserMessage)
    assert told.item.content == (InputText(text="what time is it"),)
    assert told.item.id == f"{SEED}1"


def test_a_turn_whose_words_nobody_knows_is_told_again_as_audio_by_hand() -> None:
    one = kept(VAD)
    one.fed(SECOND)
    one.received(server.SpeechStarted(item_id="u", audio_start_ms=800))
    one.fed(SECOND)
    one.received(server.SpeechStopped(item_id="u", audio_end_ms=1_900))
    one.received(server.BufferCommitted(item_id="u"))
    assert [event.type for event in one.broke()] == ["conversation.item.input_audio_transcription.failed"]
    told = list(one.again())
    at = next(place for place, each in enumerate(told) if isinstance(each, client.InputAudioBufferCommit))
    before = b"".join(each for each in told[:at] if isinstance(each, bytes))
    assert len(before) == 1.1 * len(SECOND), "from where it began to where it ended"
    settings = [each.session for each in told if isinstance(each, client.SessionUpdate)]
    rules = [each["audio"]["input"]["turn_detection"] for each in settings]
    assert rules[-2:] == [None, VAD]
    assert isinstance(told[at + 1], client.ResponseCreate)
    assert one.take_lost() == 0


def test_a_turn_that_breaks_every_session_is_reported_in_the_end() -> None:
    one = kept(None)
    one.fed(SECOND)
    one.sent(client.InputAudioBufferCommit())
    one.sent(client.ResponseCreate())
    for _ in range(MOST_BREAKS - 1):
        one.broke()
        assert again(one)[0]
        assert one.take_lost() == 0
    one.broke()
    assert one.take_lost() == 1
    assert not one.waits
    assert [event.type for event in again(one)[1]] == ["session.update"]


def test_an_answer_that_was_heard_in_part_is_kept_and_not_asked_for_again() -> None:
    one = kept(VAD)
    spoken(one)
    words(one)
    one.received(server.ResponseCreated(response=response()))
    one.received(server.OutputAudioTranscriptDelta(response_id="r", item_id="a", delta="It is "))
    one.received(server.OutputAudioDelta(response_id="r", item_id="a", delta=""))
    assert [event.type for event in one.broke()] == ["response.output_audio.done", "response.done"]
    assert [event.type for event in again(one)[1]] == ["session.update", *["conversation.item.create"] * 2]


def test_an_answer_that_was_not_wanted_is_not_asked_for() -> None:
    one = kept(ServerVad(create_response=False).model_dump())
    spoken(one)
    words(one)
    assert [event.type for event in again(one)[1]] == ["session.update", "conversation.item.create"]


def test_what_is_told_again_is_nothing_new() -> None:
    one = kept(VAD)
    item = UserMessage(id=f"{SEED}1", content=(InputText(text="a"),))
    assert not one.received(server.ItemAdded(item=item))
    assert not one.received(server.ItemDone(item=item))
    assert one.received(server.ItemAdded(item=item.model_copy(update={"id": "item_1"})))


def test_a_finished_answer_is_part_of_the_conversation() -> None:
    one = kept(VAD)
    one.received(server.OutputAudioTranscriptDelta(response_id="r", item_id="a", delta="It is noon."))
    done = AssistantMessage(id="a", content=(OutputAudio(transcript="It is noon."),))
    one.received(server.OutputItemDone(response_id="r", output_index=0, item=done))
    _, events = again(one)
    assert isinstance(events[1], client.ConversationItemCreate)
    assert isinstance(events[1].item, AssistantMessage)


def test_while_nobody_speaks_little_is_kept_and_in_an_outage_a_minute() -> None:
    one = kept(VAD)
    for _ in range(30):
        one.fed(SECOND)
    assert len(again(one)[0]) == BEFORE_S * len(SECOND)
    assert one.dropped_ms == 0, "the server has heard it"
    list(one.broke())
    for _ in range(90):
        one.waiting(SECOND)
    assert len(again(one)[0]) == MOST_S * len(SECOND)
    assert one.dropped_ms == (90 + BEFORE_S - MOST_S) * 1000


def test_cleared_audio_is_not_sent_again() -> None:
    one = kept(None)
    one.fed(SECOND)
    one.sent(client.InputAudioBufferClear())
    assert again(one)[0] == b""
