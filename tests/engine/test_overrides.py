"""What one response.create may change, and responses outside the conversation."""

from __future__ import annotations

from typing import Any

import pytest
from fakes import Driver, ScriptedDetector, config, errors, kinds

from tui_assistant.engine.answers import MAX_OUTSIDE
from tui_assistant.engine.ports import AudioChunk, Cancel, Respond, Responded, Speak, TextDelta
from tui_assistant.protocol import server
from tui_assistant.protocol.codec import decode_audio
from tui_assistant.protocol.session import ServerVad

TEXT = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
OTHER = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "other"}]}


def talk(vad: ServerVad | None = None, **fields: Any) -> Driver:
    driver = Driver(ScriptedDetector([0.9] * 10), config(vad, **fields))
    driver.send("conversation.item.create", item=TEXT)
    driver.forget()
    return driver


def create(driver: Driver, **options: Any) -> list[Any]:
    return driver.send("response.create", response=options)


def ids(driver: Driver) -> list[str]:
    return [event.response.id for event in driver.of(server.ResponseDone)]


class TestInput:
    @pytest.mark.parametrize(
        ("given", "seen"),
        [
            ([], []),
            ([OTHER], ["other"]),
            ([{"type": "item_reference", "id": "item_1"}, OTHER], ["hi", "other"]),
        ],
    )
    def test_it_takes_the_place_of_the_conversation(self, given: list[Any], seen: list[str]) -> None:
        driver = talk()
        create(driver, input=given)
        assert [line.text for line in driver.of(Respond)[0].messages] == seen
        driver.settle()
        assert driver.of(server.ResponseDone)[0].response.status == "completed"

    def test_sound_counts_where_it_is_among_what_is_given(self) -> None:
        driver = Driver(configuration=config(None))
        for _ in range(2):
            driver.frames(25)
            driver.send("input_audio_buffer.commit")
        driver.settle()
        create(driver, input=[{"type": "item_reference", "id": "item_2"}, OTHER])
        driver.settle()
        usage = driver.of(server.ResponseDone)[0].response.usage
        assert usage is not None
        assert usage.input_token_details.audio_tokens == 8, "800 ms, of the second alone"

    def test_words_that_it_does_not_read_are_not_awaited(self) -> None:
        driver = Driver(ScriptedDetector(), config(None))
        driver.frames(10)
        driver.send("input_audio_buffer.commit")
        create(driver, input=[OTHER], conversation="none")
        create(driver, input=[])
        assert len(driver.of(Respond)) == 2

    def test_what_was_deleted_while_words_were_awaited_is_not_read(self) -> None:
        driver = talk(ServerVad(create_response=False))
        driver.frames(30)
        create(driver, input=[{"type": "item_reference", "id": "item_1"}, OTHER])
        assert not driver.of(Respond), "the turn's words may be among those that are meant"
        driver.send("conversation.item.delete", item_id="item_1")
        driver.settle()
        assert [line.text for line in driver.of(Respond)[0].messages] == ["other"]

    def test_an_unknown_reference_is_refused_and_changes_nothing(self) -> None:
        driver = talk()
        outputs = create(driver, input=[OTHER, {"type": "item_reference", "id": "none"}])
        assert errors(outputs) == [("item_not_found", "response.input.1.id")]
        assert kinds(outputs) == ["error"]
        assert kinds(create(driver)) == ["response.created"]


class TestVoice:
    def test_format_and_voice_of_one_response(self) -> None:
        driver = talk()
        create(driver, audio={"output": {"format": {"type": "audio/pcmu"}, "voice": "own"}})
        driver.models.voice = lambda text: bytes(2 * 24_000)
        driver.settle()
        assert driver.of(Speak)[0].voice == "own"
        assert driver.of(server.ResponseCreated)[0].response.audio.output.voice == "own"
        sent = b"".join(decode_audio(event.delta) for event in driver.of(server.OutputAudioDelta))
        assert len(sent) == 8_000, "a second of mu-law"
        (item,) = driver.of(server.ResponseDone)[0].response.output
        assert decode_audio(driver.retrieve(item.id or "").content[0].audio) == sent

    def test_it_stays_once_it_was_heard(self) -> None:
        driver = talk()
        update = {"type": "realtime", "audio": {"output": {"voice": "own"}}}
        assert kinds(driver.send("session.update", session=update)) == ["session.updated"]
        create(driver)
        driver.settle()
        update["audio"]["output"]["voice"] = "third"  # type: ignore[index]
        refused = driver.send("session.update", session=update)
        assert errors(refused) == [("cannot_update_voice", "session.audio.output.voice")]
        refused = create(driver, audio={"output": {"voice": "third"}})
        assert errors(refused) == [("cannot_update_voice", "response.audio.output.voice")]
        assert driver.session.config.audio.output.voice == "own"
        update["audio"]["output"]["voice"] = "own"  # type: ignore[index]
        assert kinds(driver.send("session.update", session=update)) == ["session.updated"]


class TestOutside:
    def test_it_is_not_written_into_the_conversation(self) -> None:
        driver = talk()
        create(driver, conversation="none", metadata={"topic": "x"}, output_modalities=["text"])
        driver.settle()
        assert not [kind for kind in kinds(driver.outputs) if kind.startswith("conversation")]
        (done,) = driver.of(server.ResponseDone)
        assert (done.response.conversation_id, done.response.metadata) == (None, {"topic": "x"})
        (item,) = done.response.output
        assert errors(driver.send("conversation.item.retrieve", item_id=item.id)) == [("item_not_found", "item_id")]

    def test_it_runs_beside_the_one_in_the_conversation(self) -> None:
        driver = talk()
        create(driver)
        assert kinds(create(driver, conversation="none", input=[OTHER])) == ["response.created"]
        main, outside = driver.of(Respond)
        driver.answer(outside, TextDelta("b"))
        driver.answer(main, TextDelta("a"))
        driver.settle()
        assert sorted(ids(driver)) == ["resp_1", "resp_2"]
        texts = [event.transcript for event in driver.of(server.OutputAudioTranscriptDone)]
        assert all("Hello there." in text for text in texts)
        assert kinds(create(driver)) == ["response.created"]

    def test_speech_does_not_interrupt_it(self) -> None:
        driver = talk(ServerVad())
        create(driver, conversation="none")
        driver.frames(3)
        assert "input_audio_buffer.speech_started" in kinds(driver.outputs)
        assert ids(driver) == []

    def test_cancel_names_one_or_means_the_conversation_s(self) -> None:
        driver = talk()
        create(driver, conversation="none")
        assert errors(driver.send("response.cancel")) == [("response_cancel_not_active", None)]
        create(driver)
        driver.send("response.cancel")
        assert ids(driver) == ["resp_2"]
        driver.send("response.cancel", response_id="resp_1")
        assert ids(driver) == ["resp_2", "resp_1"]
        assert len(driver.of(Cancel)) == 2
        for event in driver.of(server.ResponseDone):
            assert event.reason == {"rule": "cancel"}
            assert event.response.status_details is not None
            assert event.response.status_details.reason == "client_cancelled"
        assert errors(driver.send("response.cancel", response_id="resp_1")) == [("response_cancel_not_active", None)]

    def test_there_is_a_limit(self) -> None:
        driver = talk()
        for _ in range(MAX_OUTSIDE):
            assert kinds(create(driver, conversation="none")) == ["response.created"]
        assert errors(create(driver, conversation="none")) == [("rate_limit_exceeded", "response.conversation")]
        driver.settle()
        assert kinds(create(driver, conversation="none")) == ["response.created"]


class TestLimit:
    def test_words_beyond_it_are_not_written(self) -> None:
        driver = talk(output_modalities=("text",))
        create(driver, max_output_tokens=3)
        driver.answer(driver.of(Respond)[0], TextDelta("one two "))
        driver.answer(driver.of(Respond)[0], TextDelta("three four five"))
        (done,) = driver.of(server.ResponseDone)
        assert done.response.status == "incomplete"
        assert done.response.status_details is not None
        assert done.response.status_details.reason == "max_output_tokens"
        assert driver.of(server.OutputTextDone)[0].text == "one two three "
        assert len(driver.of(Cancel)) == 1
        assert driver.answer(driver.of(Respond)[0], Responded()) == []

    def test_it_holds_for_all_deltas_together(self) -> None:
        driver = talk(output_modalities=("text",))
        create(driver, max_output_tokens=3)
        for delta in ("one ", "two ", "three four"):
            driver.answer(driver.of(Respond)[0], TextDelta(delta))
        assert driver.of(server.OutputTextDone)[0].text == "one two three "

    def test_what_fits_is_said_to_its_end(self) -> None:
        driver = talk()
        create(driver, max_output_tokens=1)
        driver.answer(driver.of(Respond)[0], TextDelta("Hello there."))
        (voice,) = driver.of(Speak)
        assert voice.text == "Hello"
        assert ids(driver) == []
        assert [ask.ask_id for ask in driver.of(Cancel)] == [driver.of(Respond)[0].ask_id]
        driver.answer(voice, AudioChunk(bytes(480), 24_000))
        driver.settle()
        assert driver.of(server.ResponseDone)[0].response.status == "incomplete"

    def test_what_is_said_of_it_can_be_cancelled(self) -> None:
        driver = talk()
        create(driver, max_output_tokens=1)
        driver.answer(driver.of(Respond)[0], TextDelta("Hello there."))
        (voice,) = driver.of(Speak)
        driver.forget()
        driver.send("response.cancel")
        assert driver.of(Cancel) == [Cancel(voice.ask_id)], "the responder's ask is over"
        assert driver.of(server.ResponseDone)[0].response.status == "cancelled"

    @pytest.mark.parametrize(
        ("word", "reason"), [("length", "max_output_tokens"), ("content_filter", "content_filter")]
    )
    def test_a_model_that_stopped_early_says_so(self, word: str, reason: str) -> None:
        driver = talk(output_modalities=("text",))
        create(driver)
        driver.answer(driver.of(Respond)[0], Responded({"incomplete": word}))
        details = driver.of(server.ResponseDone)[0].response.status_details
        assert details is not None
        assert details.reason == reason
