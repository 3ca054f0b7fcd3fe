"""Items: their order, their audio, and what a responder sees of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tui_assistant.engine.conversation import KEPT_AUDIO_MS, Conversation, Recorded, without_audio
from tui_assistant.engine.ports import ChatMessage, ToolCall
from tui_assistant.errors import RemoteProtocolError
from tui_assistant.protocol.codec import decode_audio
from tui_assistant.protocol.items import (
    AssistantMessage,
    FunctionCall,
    FunctionCallOutput,
    InputAudio,
    InputText,
    OutputAudio,
    OutputText,
    SystemMessage,
    UserMessage,
)

RATE = 24_000


def typed(item_id: str, text: str = "hi") -> UserMessage:
    return UserMessage(id=item_id, content=(InputText(text=text),))


def spoken(item_id: str, transcript: str | None = None) -> UserMessage:
    return UserMessage(id=item_id, content=(InputAudio(transcript=transcript),))


def answer(item_id: str, text: str = "one two three four", *, written: bool = True) -> AssistantMessage:
    content = (OutputAudio(transcript=text),) if written else ()
    return AssistantMessage(id=item_id, status="completed" if written else "in_progress", content=content)


def sound(ms: int) -> Recorded:
    return Recorded(np.arange(RATE * ms // 1000).astype("<u2").tobytes(), RATE, ms)


def order(conversation: Conversation) -> list[str | None]:
    return [item.id for item in conversation]


def refused(call: object, *args: object) -> tuple[str | None, str | None]:
    with pytest.raises(RemoteProtocolError) as caught:
        call(*args)  # type: ignore[operator]
    return caught.value.code, caught.value.param


def answered(ms: int = 1_000) -> Conversation:
    conversation = Conversation()
    conversation.add(answer("a", written=False))
    conversation.complete(answer("a"), sound(ms))
    return conversation


def test_order_and_what_is_before() -> None:
    conversation = Conversation()
    assert conversation.add(typed("a")) is None
    assert conversation.add(typed("b")) == "a"
    assert conversation.add(typed("c"), "root") is None
    assert conversation.add(typed("d"), "a") == "a"
    assert order(conversation) == ["c", "a", "d", "b"]
    assert [conversation.before(name) for name in "cadb"] == [None, "c", "a", "d"]
    last = conversation.last()
    assert last is not None
    assert last.id == "b"


def test_unknown_and_double_ids_are_refused_and_change_nothing() -> None:
    conversation = Conversation()
    conversation.add(typed("a", "first"))
    assert refused(conversation.add, typed("b"), "x") == ("item_not_found", "previous_item_id")
    assert refused(conversation.add, typed("a", "second")) == ("invalid_value", "item.id")
    for call in (conversation.get, conversation.delete, conversation.retrieve):
        assert refused(call, "x") == ("item_not_found", "item_id")
    assert refused(conversation.truncate, "x", 5) == ("item_not_found", "item_id")
    assert conversation.messages() == (ChatMessage("user", "first"),)


def test_deleted_items_are_gone_with_their_audio() -> None:
    conversation = Conversation()
    conversation.add(spoken("a"))
    conversation.record("a", sound(10))
    conversation.delete("a")
    assert order(conversation) == []
    assert conversation.last() is None
    conversation.add(spoken("a"))
    assert conversation.retrieve("a") == spoken("a"), "a new item of the old name has no audio"
    conversation = answered()
    conversation.truncate("a", 400)
    conversation.delete("a")
    conversation.add(answer("a", "yes"))
    assert conversation.messages() == (ChatMessage("assistant", "yes"),), "nor what was heard of the old one"


def test_retrieved_items_have_their_audio_and_their_words() -> None:
    conversation = Conversation()
    conversation.add(spoken("a"))
    conversation.record("a", sound(10))
    conversation.set_transcript("a", "hi")
    item = conversation.retrieve("a")
    assert isinstance(item, UserMessage)
    (part,) = item.content
    assert isinstance(part, InputAudio)
    assert part.transcript == "hi"
    assert decode_audio(part.audio or "") == sound(10).pcm
    assert conversation.get("a") == spoken("a", "hi"), "the item in events has no audio"


def test_items_without_sound_are_retrieved_as_they_are() -> None:
    conversation = Conversation()
    conversation.add(typed("a"))
    text = AssistantMessage(id="b", status="completed", content=(OutputText(text="x"),))
    conversation.add(text.model_copy(update={"status": "in_progress", "content": ()}))
    conversation.record("b", sound(10))
    assert conversation.retrieve("b").status == "in_progress"  # being written: no part yet that could have audio
    conversation.complete(text, Recorded(b"", RATE, 0))
    assert conversation.retrieve("a") == typed("a")
    assert conversation.retrieve("b") == text


def test_five_minutes_of_audio_are_kept_the_newest() -> None:
    conversation = Conversation()
    minute = 60_000
    for number in range(7):
        conversation.add(spoken(f"i{number}"))
        conversation.record(f"i{number}", Recorded(b"\1\0", RATE, minute))
    kept = [name for name in order(conversation) if conversation.retrieve(str(name)) != spoken(str(name))]
    assert kept == ["i2", "i3", "i4", "i5", "i6"]
    assert len(kept) * minute == KEPT_AUDIO_MS


def test_truncate_cuts_sound_and_takes_the_transcript() -> None:
    conversation = answered()
    conversation.truncate("a", 400)
    item = conversation.retrieve("a")
    assert isinstance(item, AssistantMessage)
    (part,) = item.content
    assert isinstance(part, OutputAudio)
    assert part.transcript is None
    assert decode_audio(part.audio or "") == sound(400).pcm
    assert conversation.messages() == (ChatMessage("assistant", "one …"),), "the last word may be cut"


@pytest.mark.parametrize(
    ("ms", "heard"), [(0, ()), (1_000, ("one two three four …",)), (500, ("one two …",)), (50, ())]
)
def test_the_responder_sees_what_was_heard(ms: int, heard: tuple[str, ...]) -> None:
    conversation = answered()
    conversation.truncate("a", ms)
    assert conversation.messages() == tuple(ChatMessage("assistant", text) for text in heard)


def test_truncate_past_the_end_is_refused_and_changes_nothing() -> None:
    conversation = answered()
    before = conversation.retrieve("a"), conversation.messages()
    with pytest.raises(RemoteProtocolError, match="Audio content of 1000ms is already shorter than 1001ms") as caught:
        conversation.truncate("a", 1_001)
    assert (caught.value.code, caught.value.param) == (None, "audio_end_ms")
    assert (conversation.retrieve("a"), conversation.messages()) == before


def test_truncating_twice_never_lengthens() -> None:
    conversation = answered()
    conversation.truncate("a", 0)
    conversation.truncate("a", 0)
    assert refused(conversation.truncate, "a", 1) == (None, "audio_end_ms"), "it is an answer still, of 0 ms"
    conversation = answered()
    conversation.truncate("a", 800)
    assert refused(conversation.truncate, "a", 900) == (None, "audio_end_ms")
    conversation.truncate("a", 400)
    item = conversation.retrieve("a")
    assert isinstance(item, AssistantMessage)
    assert isinstance(item.content[0], OutputAudio)
    assert decode_audio(item.content[0].audio or "") == sound(400).pcm


@pytest.mark.parametrize("item", [typed("a"), spoken("a"), FunctionCall(id="a", name="f", arguments="{}")])
def test_only_spoken_answers_can_be_truncated(item: UserMessage | FunctionCall) -> None:
    conversation = Conversation()
    conversation.add(item)
    conversation.record("a", sound(10))
    with pytest.raises(RemoteProtocolError, match="Only model output audio messages can be truncated"):
        conversation.truncate("a", 5)


def test_an_answer_is_truncated_while_it_is_spoken() -> None:
    conversation = Conversation()
    conversation.add(answer("a", written=False))
    assert refused(conversation.truncate, "a", 5, Recorded(b"", RATE, 0, words="one")) == (None, "item_id")
    said = replace(sound(500), words="one two three")
    assert refused(conversation.truncate, "a", 600, said) == (None, "audio_end_ms")
    assert conversation.retrieve("a") == answer("a", written=False)
    conversation.truncate("a", 250, said)
    said = replace(sound(900), words="one two three four")
    assert refused(conversation.truncate, "a", 300, said) == (None, "audio_end_ms")
    conversation.complete(answer("a"), sound(1_000))
    item = conversation.retrieve("a")
    assert isinstance(item, AssistantMessage)
    assert item.status == "completed"
    assert item.content == (OutputAudio(audio=item.content[0].audio),), "its transcript stays away"  # type: ignore[union-attr]
    assert decode_audio(item.content[0].audio or "") == sound(250).pcm  # type: ignore[union-attr]
    assert conversation.messages() == (ChatMessage("assistant", "one …"),)


def test_messages_for_the_responder() -> None:
    conversation = Conversation()
    conversation.add(SystemMessage(id="s", content=(InputText(text="Be kind."),)))
    conversation.add(UserMessage(id="u", content=(InputText(text="one"), InputAudio(transcript="two"))))
    conversation.add(spoken("unheard"))
    conversation.add(answer("a", "yes"))
    conversation.add(FunctionCall(id="f", call_id="c", name="add", arguments='{"x": 1}'))
    conversation.add(FunctionCall(id="h", call_id="d", name="add", arguments='{"x"', status="incomplete"))
    conversation.add(FunctionCall(id="i", call_id="e", name="add", arguments="", status="in_progress"))
    conversation.add(FunctionCallOutput(id="g", call_id="c", output="2"))
    assert conversation.messages() == (
        ChatMessage("system", "Be kind."),
        ChatMessage("user", "one two"),
        ChatMessage("assistant", "yes"),
        ChatMessage("system", 'add was called with {"x": 1}', call=ToolCall("c", "add", '{"x": 1}')),
        ChatMessage("system", "The function returned 2", output_of="c"),
    )


def test_events_show_items_without_audio() -> None:
    item = UserMessage(id="a", content=(InputText(text="x"), InputAudio(audio="AAAA", transcript="hi")))
    assert without_audio(item).content[0] is item.content[0]  # type: ignore[union-attr]
    assert without_audio(item) == UserMessage(id="a", content=(InputText(text="x"), InputAudio(transcript="hi")))
    assert without_audio(answer("b")) == answer("b")
