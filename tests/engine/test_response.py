"""One response from created to done, event by event."""

from __future__ import annotations

from typing import Any

import pytest
from fakes import Driver, Models, config, kinds
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_assistant.engine.ports import (
    Alarm,
    Answer,
    AudioChunk,
    Cancel,
    Failed,
    Final,
    Respond,
    Responded,
    Speak,
    Spoken,
    TextDelta,
)
from tui_assistant.errors import LocalProtocolError
from tui_assistant.protocol import server
from tui_assistant.protocol.codec import decode_audio
from tui_assistant.protocol.items import AssistantMessage, OutputAudio, OutputText

ITEM = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
CHUNK = AudioChunk(b"\1\2" * 2_400, 24_000)
OPENING = ["response.output_item.added", "conversation.item.added", "response.content_part.added"]
SPOKEN_END = [
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "response.output_item.done",
    "conversation.item.done",
    "response.done",
]
TEXT_END = ["response.output_text.done", *SPOKEN_END[2:]]
WORDS = "response.output_audio_transcript.delta"
SOUND = "response.output_audio.delta"


def asked(**fields: Any) -> Driver:
    """A typed message that is being answered; what came before is forgotten."""
    driver = Driver(configuration=config(None, **fields))
    driver.send("conversation.item.create", item=ITEM)
    driver.forget()
    driver.send("response.create")
    return driver


def ask(driver: Driver, kind: type[Any]) -> Any:
    (found,) = [each for each in driver.open if isinstance(each, kind)]
    return found


def done(driver: Driver) -> server.ResponseDone:
    (event,) = driver.of(server.ResponseDone)
    assert driver.events[-1] is event, "nothing follows response.done"
    return event


def test_a_spoken_response() -> None:
    driver = asked()
    assert kinds(driver.outputs) == ["response.created"]
    responder = ask(driver, Respond)
    assert [(m.role, m.text) for m in responder.messages] == [("user", "hi")]
    driver.answer(responder, TextDelta("Hello. "))
    driver.answer(responder, TextDelta("You."))
    voice = ask(driver, Speak)
    assert voice.text == "Hello."
    driver.answer(voice, CHUNK)
    driver.answer(responder, Responded({"skill": "greet"}, 7, 3))
    driver.open.remove(voice)
    driver.answer(voice, Spoken())
    last = ask(driver, Speak)
    assert last.text == "You."
    driver.answer(last, CHUNK)
    assert "response.done" not in kinds(driver.outputs)
    driver.answer(last, Spoken())
    assert kinds(driver.outputs) == ["response.created", *OPENING, WORDS, WORDS, SOUND, SOUND, *SPOKEN_END]
    response = done(driver).response
    assert (response.status, response.status_details) == ("completed", None)
    assert response.metadata == {"skill": "greet"}
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.output_tokens, response.usage.total_tokens) == (7, 7, 14)
    assert response.usage.output_token_details.text_tokens == 3
    assert response.usage.output_token_details.audio_tokens == 4, "200 ms of sound"
    (item,) = response.output
    assert isinstance(item, AssistantMessage)
    assert (item.status, item.content) == ("completed", (OutputAudio(transcript="Hello. You."),))
    sent = b"".join(decode_audio(event.delta) for event in driver.of(server.OutputAudioDelta))
    assert sent == CHUNK.pcm * 2
    assert decode_audio(driver.retrieve(item.id or "").content[0].audio) == sent


def test_all_events_of_a_response_name_it_and_its_item() -> None:
    driver = asked()
    driver.settle()
    response_id = driver.of(server.ResponseCreated)[0].response.id
    for event in driver.events:
        if hasattr(event, "response_id"):
            assert event.response_id == response_id
        if hasattr(event, "content_index"):
            assert (event.item_id, event.output_index, event.content_index) == ("item_2", 0, 0)
    (part,), (full,) = driver.of(server.ContentPartAdded), driver.of(server.ContentPartDone)
    assert (part.part.type, part.part.transcript) == ("audio", "")
    assert (full.part.type, full.part.transcript) == ("audio", "Hello there.")
    added = driver.of(server.ItemAdded)[0]
    assert (added.item.id, added.previous_item_id, added.item.status) == ("item_2", "item_1", "in_progress")
    assert driver.of(server.ItemDone)[0].previous_item_id == "item_1"


def test_a_response_in_text_alone() -> None:
    driver = asked(output_modalities=("text",))
    driver.settle()
    delta = "response.output_text.delta"
    assert kinds(driver.outputs) == ["response.created", *OPENING, delta, delta, *TEXT_END]
    assert not driver.of(Speak)
    (item,) = done(driver).response.output
    assert isinstance(item, AssistantMessage)
    assert item.content == (OutputText(text="Hello there."),)
    (part,), (full,) = driver.of(server.ContentPartAdded), driver.of(server.ContentPartDone)
    assert (part.part.type, part.part.text, full.part.type, full.part.text) == ("text", "", "text", "Hello there.")
    assert driver.retrieve("item_2") == item


def test_one_response_may_differ_from_the_session() -> None:
    driver = Driver(configuration=config(None, instructions="session"))
    driver.send("conversation.item.create", item=ITEM)
    options = {"output_modalities": ["text"], "instructions": "own", "max_output_tokens": 5, "metadata": {"a": "b"}}
    driver.send("response.create", response=options)
    created = driver.of(server.ResponseCreated)[0].response
    assert (created.output_modalities, created.max_output_tokens, created.metadata) == (("text",), 5, {"a": "b"})
    assert (ask(driver, Respond).instructions, ask(driver, Respond).max_output_tokens) == ("own", 5)
    driver.settle()
    assert done(driver).response.metadata == {"a": "b"}


@pytest.mark.parametrize("deltas", [[], [TextDelta("")]])
def test_an_empty_answer(deltas: list[Answer]) -> None:
    driver = asked()
    for answer in [*deltas, Responded()]:
        driver.answer(ask(driver, Respond), answer)
    assert kinds(driver.outputs) == ["response.created", "response.done"]
    assert (done(driver).response.status, done(driver).response.output) == ("completed", ())


def test_an_answer_with_nothing_to_say_aloud() -> None:
    driver = asked()
    driver.models.reply = ["**"]
    driver.settle()
    assert kinds(driver.outputs) == ["response.created", *OPENING, WORDS, *SPOKEN_END]


@pytest.mark.parametrize("deltas", [0, 1])
def test_a_failed_responder(deltas: int) -> None:
    driver = asked()
    responder = ask(driver, Respond)
    for _ in range(deltas):
        driver.answer(responder, TextDelta("Hello. Y"))
    driver.answer(responder, Failed("model_error", "The model is gone."))
    opened = [*OPENING, WORDS, *SPOKEN_END[:-1]] if deltas else []
    assert kinds(driver.outputs) == ["response.created", *opened, "response.done"]
    response = done(driver).response
    assert response.status == "failed"
    assert response.status_details is not None
    assert response.status_details.error is not None
    assert response.status_details.type == "failed"
    error = response.status_details.error
    assert (error.type, error.code, error.message) == ("server_error", "model_error", "The model is gone.")
    assert [item.status for item in response.output] == ["incomplete"] * deltas
    assert len(driver.of(Cancel)) == deltas, "what was being said is cancelled; the failed ask is over by itself"
    assert driver.answer(responder, TextDelta("late")) == []


def test_a_failed_synthesiser_leaves_the_text() -> None:
    driver = asked()
    responder = ask(driver, Respond)
    driver.answer(responder, TextDelta("One. Two. "))
    voice = ask(driver, Speak)
    driver.answer(voice, CHUNK)
    driver.answer(voice, Failed("no_voice", "espeak is missing."))
    driver.answer(responder, TextDelta("Three."))
    driver.answer(responder, Responded())
    assert kinds(driver.outputs) == ["response.created", *OPENING, WORDS, SOUND, "error", WORDS, *SPOKEN_END]
    assert not driver.of(Cancel)
    assert len(driver.of(Speak)) == 1
    (item,) = done(driver).response.output
    assert isinstance(item, AssistantMessage)
    assert (item.status, item.content) == ("completed", (OutputAudio(transcript="One. Two. Three."),))
    (error,) = driver.of(server.ErrorEvent)
    assert (error.error.type, error.error.code, error.error.message) == (
        "server_error",
        "no_voice",
        "espeak is missing.",
    )


def test_a_synthesiser_that_fails_last_ends_the_response() -> None:
    driver = asked()
    responder = ask(driver, Respond)
    driver.answer(responder, TextDelta("One."))
    driver.answer(responder, Responded())
    driver.answer(ask(driver, Speak), Failed("no_voice", "x"))
    assert done(driver).response.status == "completed"


ANSWERS: list[tuple[type[Any], Answer]] = [
    (Respond, TextDelta("One. ")),
    (Respond, TextDelta("Two. ")),
    (Speak, CHUNK),
    (Respond, Responded()),
    (Speak, CHUNK),
    (Speak, Spoken()),
    (Speak, CHUNK),
]


@pytest.mark.parametrize("text_only", [False, True])
@pytest.mark.parametrize("steps", range(len(ANSWERS) + 1))
def test_cancelled_at_every_point(steps: int, text_only: bool) -> None:
    """The closing events, response.done, and nothing of it afterwards, whatever still comes in."""
    driver = asked(**({"output_modalities": ("text",)} if text_only else {}))
    late: list[tuple[Any, Answer]] = []
    for place, (kind, answer) in enumerate(ANSWERS):
        if text_only and kind is Speak:
            continue
        asks = [each for each in driver.outputs if isinstance(each, kind)]
        if place >= steps:
            late += [(each, answer) for each in asks]
        else:
            driver.answer(asks[-1], answer)
    if driver.of(server.ResponseDone):
        return  # the text alone was complete before this step
    open_asks = {each.ask_id for each in driver.open if isinstance(each, Respond | Speak)}
    open_asks -= {each.ask_id for each in driver.of(Respond)} if steps > 3 else set()
    open_asks -= {each.ask_id for each in driver.of(Speak)[:1]} if steps > 5 else set()
    before = len(driver.events)
    outputs = driver.send("response.cancel")
    end = TEXT_END if text_only else SPOKEN_END
    assert kinds(outputs) == (end if steps else end[-1:])
    assert driver.of(server.ItemDone)[-1:] == [] or driver.of(server.ItemDone)[-1].item.status == "incomplete"
    response = done(driver).response
    assert response.status == "cancelled"
    assert response.status_details is not None
    assert (response.status_details.type, response.status_details.reason) == ("cancelled", "client_cancelled")
    assert {each.ask_id for each in outputs if isinstance(each, Cancel)} == open_asks
    after = len(driver.events)
    for each, answer in late:
        assert driver.answer(each, answer) == []
    assert len(driver.events) == after > before


@given(st.lists(st.sampled_from(["delta", "sound", "spoken", "responded", "cancel", "fail", "mute"]), max_size=14))
@settings(max_examples=150, deadline=None)
def test_any_answers_end_in_one_done(script: list[str]) -> None:
    driver = asked()
    for step in script:
        responders = [each for each in driver.outputs if isinstance(each, Respond)]
        voices = [each for each in driver.outputs if isinstance(each, Speak)]
        match step:
            case "cancel":
                driver.send("response.cancel")
            case "delta" | "responded" | "fail":
                answer = {"delta": TextDelta("So. "), "responded": Responded(), "fail": Failed("c", "m")}[step]
                driver.answer(responders[-1], answer)
            case _ if voices:
                answer = {"sound": CHUNK, "spoken": Spoken(), "mute": Failed("c", "m")}[step]
                driver.answer(voices[-1], answer)
    if not driver.of(server.ResponseDone):
        driver.send("response.cancel")
    ours = [event.type for event in driver.events if event.type != "error"]
    assert ours.count("response.done") == 1
    assert ours[-1] == "response.done"
    assert ours.count("response.content_part.added") == ours.count("response.content_part.done") <= 1
    assert ours.count("conversation.item.added") == ours.count("conversation.item.done") <= 1


@pytest.mark.parametrize("wrong", [Alarm("x"), Final("x"), CHUNK, Spoken()])
def test_a_responder_that_answers_something_else_is_our_bug(wrong: Answer) -> None:
    driver = asked()
    with pytest.raises(LocalProtocolError, match=f"^a responder cannot answer {type(wrong).__name__}$"):
        driver.answer(ask(driver, Respond), wrong)


def test_a_synthesiser_that_answers_something_else_is_our_bug() -> None:
    driver = asked()
    driver.answer(ask(driver, Respond), TextDelta("One. "))
    with pytest.raises(LocalProtocolError, match=r"^a synthesiser cannot answer TextDelta$"):
        driver.answer(ask(driver, Speak), TextDelta("x"))


def test_a_deleted_answer_is_closed_without_an_item() -> None:
    driver = asked()
    driver.answer(ask(driver, Respond), TextDelta("One. "))
    driver.send("conversation.item.delete", item_id="item_2")
    driver.forget()
    driver.settle()
    assert [kind for kind in kinds(driver.outputs) if "done" in kind] == [
        kind for kind in SPOKEN_END if kind != "conversation.item.done"
    ]


def test_an_answer_is_not_written_over_an_item_that_took_its_name() -> None:
    driver = asked()
    driver.answer(ask(driver, Respond), TextDelta("One. "))
    driver.send("conversation.item.delete", item_id="item_2")
    driver.send("conversation.item.create", item={**ITEM, "id": "item_2"})
    driver.settle()
    assert driver.retrieve("item_2").role == "user"


def test_truncate_and_retrieve_while_the_answer_is_spoken() -> None:
    """As openai-agents does on every barge-in; also when the first truncate is refused."""
    driver = asked()
    responder = ask(driver, Respond)
    driver.answer(responder, TextDelta("One two three four. "))
    driver.answer(ask(driver, Speak), CHUNK)
    refused = driver.send("conversation.item.truncate", item_id="item_2", content_index=0, audio_end_ms=101)
    assert kinds(refused) == ["error"]
    assert driver.retrieve("item_2").content == ()
    (event,) = driver.send("conversation.item.truncate", item_id="item_2", content_index=0, audio_end_ms=50)
    assert isinstance(event, server.ItemTruncated)
    assert (event.item_id, event.content_index, event.audio_end_ms) == ("item_2", 0, 50)
    assert decode_audio(driver.retrieve("item_2").content[0].audio) == CHUNK.pcm[:2_400]
    driver.settle()
    item = driver.retrieve("item_2")
    assert (item.status, item.content[0].transcript) == ("completed", None)
    assert decode_audio(item.content[0].audio) == CHUNK.pcm[:2_400]
    driver.send("response.create")
    assert driver.of(Respond)[-1].messages[-1].text == "One two …", "half of the text for half of the sound"


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize("end", ["runs", "cancelled", "failed"])
def test_what_was_heard_is_of_what_was_said_not_of_what_was_written(end: str, complete: bool) -> None:
    """A model writes faster than a voice speaks."""
    driver = asked()
    responder = ask(driver, Respond)
    driver.answer(responder, TextDelta("One two three four. Five six seven eight. Nine"))
    if complete:
        driver.answer(responder, Responded())
    driver.answer(ask(driver, Speak), CHUNK)
    if end == "cancelled":
        driver.send("response.cancel")
    elif end == "failed":
        driver.answer(ask(driver, Speak), Failed("model", "no voice"))
    (event,) = driver.send("conversation.item.truncate", item_id="item_2", content_index=0, audio_end_ms=50)
    assert isinstance(event, server.ItemTruncated)
    driver.send("response.cancel")
    driver.send("response.create")
    assert driver.of(Respond)[-1].messages[-1].text == "One two …", "half of the sentence for half of its sound"


def test_only_content_0_can_be_truncated() -> None:
    driver = asked()
    driver.models = Models(voice=lambda text: CHUNK.pcm)
    driver.settle()
    (event,) = driver.send("conversation.item.truncate", item_id="item_2", content_index=1, audio_end_ms=1)
    assert isinstance(event, server.ErrorEvent)
    assert (event.error.code, event.error.param) == ("invalid_value", "content_index")
    assert driver.retrieve("item_2").content[0].transcript == "Hello there."
    (event,) = driver.send("conversation.item.truncate", item_id="item_2", content_index=0, audio_end_ms=10)
    assert isinstance(event, server.ItemTruncated)
    assert decode_audio(driver.retrieve("item_2").content[0].audio) == CHUNK.pcm[:480]
