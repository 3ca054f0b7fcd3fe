"""The words of a conversation, for a session that begins in its middle. Pure."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from tui_assistant.protocol import client, server
from tui_assistant.protocol.items import (
    AssistantMessage,
    InputText,
    Item,
    OutputText,
    SystemMessage,
    UserMessage,
)

MOST_SAID = 40  # messages that are told again
SEED = "seed_"  # begins the ids of those


class Said:
    """Follows the events of both sides. What was cut off counts as far as it was heard."""

    def __init__(self, output_rate: int) -> None:
        """`output_rate`: Hz of the answers' audio."""
        self._rate = output_rate
        self._items: dict[str, Item | None] = {}  # the oldest first, by the ids they had; None: the words are to come
        self._words: dict[str, str] = {}  # of answers that are still being spoken
        self._samples: dict[str, int] = {}  # of audio, of each answer
        self._met: dict[str, None] = {}  # answers that still go on, of which something was heard or read
        self._shares: dict[str, float] = {}  # of answers that were cut off: how much was heard
        self._seeds = 0
        self._unnamed = 0

    def take(self, event: server.ServerEvent) -> None:
        match event:
            case server.BufferCommitted(item_id=item_id):
                self._expect(item_id)
            case server.ItemAdded(item=UserMessage(id=item_id, content=(InputText(text=text), *_))):
                self._say(item_id, UserMessage(content=(InputText(text=text),)))
            case server.ItemAdded(item=UserMessage(id=str() as item_id)):
                self._expect(item_id)
            case server.ItemAdded(item=SystemMessage(id=item_id, content=content)):
                self._say(item_id, SystemMessage(content=content))
            case server.ItemAdded(item=AssistantMessage(id=item_id, content=(OutputText(text=text), *_))):
                self._say(item_id, AssistantMessage(content=(OutputText(text=text),)))
            case server.TranscriptionCompleted(item_id=item_id, transcript=text) if text.strip():
                self._say(item_id, UserMessage(content=(InputText(text=text),)))
            case server.OutputAudioDelta(item_id=item_id, delta=delta):
                samples = len(base64.b64decode(delta)) // 2
                self._samples[item_id] = self._samples.get(item_id, 0) + samples
                self._met[item_id] = None
            case server.OutputAudioTranscriptDelta(item_id=item_id, delta=delta):
                self._words[item_id] = self._words.get(item_id, "") + delta
            case server.OutputTextDelta(item_id=item_id, delta=delta):
                self._words[item_id] = self._words.get(item_id, "") + delta
                self._met[item_id] = None
            case server.OutputItemDone(item=AssistantMessage(id=item_id)):
                self.answered(item_id or "")
            case server.ItemDeleted(item_id=item_id):
                self._items.pop(item_id, None)
            case _:
                pass

    def sent(self, event: client.ClientEvent) -> None:
        match event:
            case client.ConversationItemTruncate(item_id=item_id, audio_end_ms=end_ms):
                whole_ms = self._samples.get(item_id, 0) * 1000 / self._rate
                self._shares[item_id] = min(1.0, end_ms / whole_ms) if whole_ms else 0.0
                item = self._items.get(item_id)
                if isinstance(item, AssistantMessage):
                    self._items[item_id] = None
                    self._words[item_id] = "".join(part.text for part in item.content if isinstance(part, OutputText))
                    self.answered(item_id)
            case client.ConversationItemDelete(item_id=item_id):
                self._items.pop(item_id, None)
                self._words.pop(item_id, None)
            case _:
                pass

    def answered(self, item_id: str) -> None:
        """Nothing more comes of that answer."""
        text = self._words.pop(item_id, "")
        self._met.pop(item_id, None)
        share = self._shares.pop(item_id, 1.0)
        if share < 1.0:  # whole words, as many as were heard if all take the same time
            words = text.split()
            text = " ".join(words[: int(len(words) * share)])
        if text:
            self._say(item_id, AssistantMessage(content=(OutputText(text=text),)))

    def broke(self) -> None:
        """No answer goes on."""
        for item_id in list(self._met):
            self._words[item_id] = self._words.get(item_id) or "…"  # there was an answer, whatever it said
            self.answered(item_id)
        self._samples.clear()
        self._words.clear()  # what is left of them nobody has heard
        self._shares.clear()

    def again(self) -> Iterator[client.ConversationItemCreate]:
        """All of it, with ids by which the echo is known."""
        for item in self._items.values():
            if item is None:
                continue
            self._seeds += 1
            yield client.ConversationItemCreate(item=item.model_copy(update={"id": f"{SEED}{self._seeds}"}))

    def _expect(self, item_id: str) -> None:
        """Its words may come after those of the answer, and stand before them all the same."""
        if item_id not in self._items:
            self._say(item_id, None)

    def _say(self, item_id: str | None, item: Item | None) -> None:
        self._unnamed += 1
        self._items[item_id or f"?{self._unnamed}"] = item
        while len(self._items) > MOST_SAID:
            del self._items[next(iter(self._items))]
        while len(self._samples) > MOST_SAID:
            del self._samples[next(iter(self._samples))]
