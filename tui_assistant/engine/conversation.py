"""The items of a conversation: their order, their audio, and the text that a responder sees of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from tui_assistant.engine.ports import ChatMessage, ToolCall
from tui_assistant.engine.wire import wire_encode
from tui_assistant.errors import RemoteProtocolError
from tui_assistant.protocol.codec import decode_audio, encode_audio
from tui_assistant.protocol.items import (
    AssistantMessage,
    FunctionCall,
    FunctionCallOutput,
    InputAudio,
    InputText,
    Item,
    OutputAudio,
    OutputText,
    UserMessage,
)
from tui_assistant.protocol.session import AudioFormat, PcmFormat

_PCM = PcmFormat()
KEPT_AUDIO_MS = 5 * 60_000  # of the user's audio, for conversation.item.retrieve: what one may still want to hear


@dataclass(frozen=True, slots=True)
class Recorded:
    """Audio of an item: `pcm` is int16 mono at `rate`; None once it is no longer kept. `form`: how it is retrieved.

    `words`: what is said in it, where that is not all of the item's text.
    """

    pcm: bytes | None
    rate: int
    ms: int
    form: AudioFormat = _PCM
    words: str | None = None


class Conversation:
    """Items in order. Ids are unique; unknown ones raise RemoteProtocolError."""

    def __init__(self) -> None:
        self._items: dict[str, Item] = {}
        self._order: list[str] = []
        self._audio: dict[str, Recorded] = {}
        self._heard: dict[str, str] = {}  # what a truncated answer had said before it was cut

    def __iter__(self) -> Iterator[Item]:
        return (self._items[item_id] for item_id in self._order)

    def __contains__(self, item_id: str) -> bool:
        return item_id in self._items

    def last(self) -> Item | None:
        return self._items[self._order[-1]] if self._order else None

    @property
    def wordless(self) -> bool:
        """It ends with spoken turns in which no word was recognised, and nothing of the user before them is open."""
        items = [self._items[item_id] for item_id in self._order]
        spoken = 0
        while items and isinstance(items[-1], UserMessage) and _wordless(items[-1]):
            spoken += 1
            items.pop()
        return spoken > 0 and not (items and isinstance(items[-1], UserMessage))

    def in_progress(self, item_id: str) -> bool:
        """Whether the item is still the answer that is being written: the client may have deleted or replaced it."""
        item = self._items.get(item_id)
        return item is not None and item.status == "in_progress"

    def get(self, item_id: str, param: str = "item_id") -> Item:
        try:
            return self._items[item_id]
        except KeyError:
            message = f"Item with id '{item_id}' not found."
            raise RemoteProtocolError(message, code="item_not_found", param=param) from None

    def has_call(self, call_id: str) -> bool:
        """Whether an output for `call_id` would have its call here."""
        return any(isinstance(each, FunctionCall) and each.call_id == call_id for each in self)

    def check_new(self, item: Item, previous_item_id: str | None) -> None:
        """Raises RemoteProtocolError where a client may not put `item` there."""
        if previous_item_id not in (None, "root"):
            self.get(previous_item_id or "", "previous_item_id")
        if isinstance(item, FunctionCallOutput):
            # "the server will check that a function_call item with the same ID exists in the conversation history"
            if not self.has_call(item.call_id):
                message = f"Tool call ID '{item.call_id}' not found in conversation."
                raise RemoteProtocolError(message, code="invalid_tool_call_id")
            return
        for place, part in enumerate(() if isinstance(item, FunctionCall) else item.content):
            if not isinstance(part, InputAudio | OutputAudio) or part.audio is None:
                continue
            param = f"item.content.{place}.audio"
            if isinstance(part, OutputAudio):  # "it cannot populate assistant audio messages"
                raise RemoteProtocolError(
                    "Assistant messages cannot be created with audio.", code="invalid_value", param=param
                )
            try:
                decode_audio(part.audio)
            except RemoteProtocolError as error:
                raise RemoteProtocolError(error.message, code=error.code, param=param) from None

    def add(self, item: Item, previous_item_id: str | None = None) -> str | None:
        """Puts `item` behind `previous_item_id` (None: at the end, "root": at the front); returns what is before it."""
        item_id = item.id or ""
        if item_id in self._items:
            message = f"Item with id '{item_id}' already exists."
            raise RemoteProtocolError(message, code="invalid_value", param="item.id")
        place = len(self._order)
        if previous_item_id == "root":
            place = 0
        elif previous_item_id is not None:
            self.get(previous_item_id, "previous_item_id")
            place = self._order.index(previous_item_id) + 1
        self._order.insert(place, item_id)
        self._items[item_id] = item
        return self._order[place - 1] if place else None

    def before(self, item_id: str) -> str | None:
        """The id of the item in front of a known one, None for the first."""
        place = self._order.index(item_id)
        return self._order[place - 1] if place else None

    def complete(self, item: AssistantMessage, audio: Recorded) -> None:
        """An answer that was being written is closed; what a truncation took away stays away."""
        item_id = item.id or ""
        if item_id in self._heard:
            item = item.model_copy(update={"content": (OutputAudio(),)})
        else:
            self.record(item_id, audio)
        self._items[item_id] = item

    def delete(self, item_id: str) -> None:
        self.get(item_id)
        del self._items[item_id]
        self._order.remove(item_id)
        self._audio.pop(item_id, None)
        self._heard.pop(item_id, None)

    def record(self, item_id: str, audio: Recorded) -> None:
        """Keeps the audio of an item, and lets go of the oldest beyond KEPT_AUDIO_MS."""
        self._audio[item_id] = audio
        kept_ms = 0
        for key in reversed(self._audio):
            kept_ms += self._audio[key].ms
            if kept_ms > KEPT_AUDIO_MS and self._audio[key].pcm is not None:
                self._audio[key] = replace(self._audio[key], pcm=None)

    def set_transcript(self, item_id: str, transcript: str, place: int = 0) -> None:
        """The words of a spoken part of a user's item are known."""
        item = self._items.get(item_id)
        if isinstance(item, UserMessage):
            content = list(item.content)
            content[place] = content[place].model_copy(update={"transcript": transcript})
            self._items[item_id] = item.model_copy(update={"content": tuple(content)})

    def retrieve(self, item_id: str) -> Item:
        """The item with its audio, as far as that is kept."""
        item = self.get(item_id)
        recorded = self._audio.get(item_id)
        if recorded is None or not recorded.pcm or not isinstance(item, UserMessage | AssistantMessage):
            return item
        part = item.content[0] if item.content else None  # an answer that is being written has none yet
        if not isinstance(part, InputAudio | OutputAudio):
            return item
        audio = wire_encode(np.frombuffer(recorded.pcm, "<i2"), recorded.form)
        return item.model_copy(update={"content": (part.model_copy(update={"audio": encode_audio(audio)}),)})

    def truncate(self, item_id: str, audio_end_ms: int, so_far: Recorded | None = None) -> None:
        """Cuts a spoken answer to `audio_end_ms`; `so_far` is of one that is still being spoken.

        Its transcript goes, because words and sound are not aligned; the responder still sees the part of the text
        that was heard, in proportion.
        """
        item = self.get(item_id)
        again = item_id in self._heard
        recorded = self._audio.get(item_id) if again or so_far is None else so_far
        if not isinstance(item, AssistantMessage) or recorded is None or not (recorded.ms or again):
            raise RemoteProtocolError("Only model output audio messages can be truncated.", param="item_id")
        if audio_end_ms > recorded.ms:
            message = f"Audio content of {recorded.ms}ms is already shorter than {audio_end_ms}ms"
            raise RemoteProtocolError(message, param="audio_end_ms")
        text = self._heard[item_id] if again else recorded.words
        if text is None:
            text = next((part.transcript for part in item.content if isinstance(part, OutputAudio)), None)
        self._heard[item_id] = _heard(text or "", audio_end_ms / max(1, recorded.ms))
        kept = recorded.pcm and recorded.pcm[: audio_end_ms * recorded.rate // 1000 * 2]
        self.record(item_id, replace(recorded, pcm=kept, ms=audio_end_ms))
        self._items[item_id] = item.model_copy(update={"content": (OutputAudio(),)})

    def close(self, item: FunctionCall) -> None:
        """A function call that was being written is closed."""
        self._items[item.id or ""] = item

    def heard_ms(self, items: Iterable[Item] | None = None) -> int:
        """How much of the user's audio is in `items`, or in the whole conversation."""
        found = (item.id or "" for item in (self if items is None else items) if isinstance(item, UserMessage))
        return sum(self._audio[item_id].ms for item_id in found if item_id in self._audio)

    def messages(self, items: Iterable[Item] | None = None) -> tuple[ChatMessage, ...]:
        """`items`, or the whole conversation, as text.

        Left out are spoken items whose words are not known, and calls that were not written to their end.
        """
        lines = (self._line(item) for item in (self if items is None else items))
        return tuple(line for line in lines if line is not None)

    def _line(self, item: Item) -> ChatMessage | None:
        text = self._text(item)
        if isinstance(item, FunctionCall):
            if item.status in ("in_progress", "incomplete"):
                return None
            return ChatMessage("system", text, call=ToolCall(item.call_id or "", item.name, item.arguments))
        if isinstance(item, FunctionCallOutput):
            return ChatMessage("system", text, output_of=item.call_id)
        return ChatMessage(item.role, text) if text else None

    def _text(self, item: Item) -> str:
        if isinstance(item, FunctionCall):
            return f"{item.name} was called with {item.arguments}"
        if isinstance(item, FunctionCallOutput):
            return f"The function returned {item.output}"
        if item.id in self._heard:
            return self._heard[item.id]
        texts = (p.text if isinstance(p, InputText | OutputText) else p.transcript or "" for p in item.content)
        return " ".join(text for text in texts if text)


def _wordless(item: UserMessage) -> bool:
    return all(isinstance(part, InputAudio) and not part.transcript for part in item.content)


def without_audio(item: Item) -> Item:
    """As an item stands in events: "never carries audio bytes; only conversation.item.retrieved does"."""
    if not isinstance(item, UserMessage):
        return item
    parts = [part.model_copy(update={"audio": None}) if isinstance(part, InputAudio) else part for part in item.content]
    return item.model_copy(update={"content": tuple(parts)})


def _heard(text: str, share: float) -> str:
    """The words that fit into `share` of a text's time, and an ellipsis."""
    cut = text[: round(len(text) * share)]
    words = cut if len(cut) == len(text) else cut.rsplit(" ", 1)[0] if " " in cut else ""
    return f"{words.rstrip()} …" if words.strip() else ""
