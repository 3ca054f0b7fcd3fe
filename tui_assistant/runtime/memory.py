"""What the server still knows of the conversation: deleted for a new one, kept between runs where asked.

Beginning anew goes over the wire like everything else (conversation.item.delete of the items that we know of), so that
it works wherever the conversation runs; the connection, its settings and running timers stay.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace

from tui_assistant.client.dialogue import Effect, Tell
from tui_assistant.client.transcript import KEPT, NO_WORDS, TranscriptLine
from tui_assistant.protocol import client, server
from tui_assistant.protocol.items import AssistantMessage, InputText, OutputText, UserMessage
from tui_assistant.runtime import api
from tui_assistant.state import MAX_KEPT_CHARACTERS, MAX_KEPT_LINES, KeptConversation, KeptLine

NOTE = "from last time"
NEW = "a new conversation"
CANNOT_FORGET = "This server does not forget what was said before: start again for a conversation without it."


class Memory:
    """All calls come from the Talk thread. `show`: takes the line that divides the conversations."""

    def __init__(self, show: Callable[[api.Line], None], clock: Callable[[], str], *, keep: bool) -> None:
        self._show = show
        self._clock = clock
        self._keep = keep
        self._items: dict[str, None] = {}  # in order
        self._said: dict[str, TranscriptLine] = {}
        self._divided = 0
        self._leaving: set[str] = set()  # items whose deletion was not confirmed yet
        self._closing = False  # what still comes of the answer that was stopped belongs to the old conversation

    def begin(self, now_ms: int) -> list[Effect]:
        """Gives the server what was said in the last run, and shows it."""
        if not self._keep:
            return []
        effects: list[Effect] = []
        for number, line in enumerate(KeptConversation.load().lines):
            key = f"{KEPT}{number}"
            item: UserMessage | AssistantMessage
            if line.who == "you":
                item = UserMessage(id=key, content=(InputText(text=line.text),))
            else:
                item = AssistantMessage(id=key, content=(OutputText(text=line.text),))
            shown = TranscriptLine(key, line.who, now_ms, line.text, note=NOTE, final=True)
            effects += [shown, client.ConversationItemCreate(item=item)]
        return effects

    def take(self, event: server.ServerEvent) -> list[Effect]:
        """Follows which items there are."""
        match event:
            case server.SessionCreated():  # a first or another connection: the server knows nothing yet
                self._items.clear()
                self._leaving.clear()
            case server.ItemAdded(item=item) if item.id:
                if self._closing and not isinstance(item, UserMessage):
                    return [client.ConversationItemDelete(item_id=item.id)]
                self._closing = False
                self._items[item.id] = None
            case server.ItemDeleted(item_id=item_id):
                self._items.pop(item_id, None)
                self._leaving.discard(item_id)
            case server.ResponseCreated():
                self._closing = False
                if self._leaving:  # it deals with events in order, and has not dealt with these
                    self._leaving.clear()
                    return [Tell(CANNOT_FORGET, "warning")]
        return []

    def said(self, line: TranscriptLine) -> None:
        """A line, new or changed; what was interrupted counts as far as it was heard."""
        words = bool(line.text.strip()) and line.text != NO_WORDS
        if self._keep and line.final and words and not line.failed:
            known = self._said.get(line.key)
            self._said[line.key] = line if known is None else replace(line, at_ms=known.at_ms)

    def anew(self) -> list[Effect]:
        """Forgets the conversation here, in the file and at the server. The caller has stopped the answer."""
        effects: list[Effect] = [client.ConversationItemDelete(item_id=item_id) for item_id in self._items]
        if effects or self._said:
            self._divided += 1
            self._show(api.Line(f"divider_{self._divided}", self._clock(), api.Speaker.BOT, NEW, divider=True))
        self._leaving, self._closing = set(self._items), True
        self._items.clear()
        self._said.clear()
        self.save()
        return effects

    def save(self) -> None:
        """Keeps the end of the conversation for the next run; nothing without being asked to."""
        if not self._keep:
            return
        lines: list[KeptLine] = []
        room = MAX_KEPT_CHARACTERS
        for line in reversed(sorted(self._said.values(), key=lambda line: line.at_ms)[-MAX_KEPT_LINES:]):
            room -= len(line.text)
            if room < 0:
                break
            lines.append(KeptLine(who=line.who, text=line.text))
        with contextlib.suppress(OSError):  # a full disk must not keep the conversation from ending
            KeptConversation(lines=tuple(reversed(lines))).save()
