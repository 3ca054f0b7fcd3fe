"""What the server still knows of the conversation: deleted for a new one, kept between runs where asked.

Beginning anew goes over the wire like everything else (conversation.item.delete of the items that we know of), so that
it works wherever the conversation runs; the connection, its settings and running timers stay.

The file is written as the conversation goes on, so that a program that is killed loses the answer at most that is being
heard. Writing waits for the disk, so that happens on a thread beside the conversation.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import replace

from tui_assistant.client.effects import Effect, Tell
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
        self._unheard: set[str] = set()  # answers that are known, and have not been heard to their end
        self._changed = False  # since it was written last
        self._writing = threading.Lock()
        self._number = 0  # of what is to be written: an older one never replaces a newer one
        self._written = 0
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
        """Follows which items the server has."""
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
            self._changed = self._changed or known is None or known.text != line.text
            if line.who == "bot" and known is None and line.note != NOTE:
                self._unheard.add(line.key)

    def follow(self, state: api.State) -> None:
        """At every poll: writes what has become known, an answer once it has been heard."""
        if self._unheard and state not in (api.State.THINKING, api.State.SPEAKING):
            self._unheard.clear()
            self._changed = True
        if self._changed and self._keep:
            self._changed = False
            kept, number = self._kept(self._unheard), self._next()
            threading.Thread(target=self._write, args=(kept, number), name="memory", daemon=True).start()

    def anew(self) -> list[Effect]:
        """Forgets the conversation here, in the file and at the server. The caller has stopped the answer."""
        effects: list[Effect] = [client.ConversationItemDelete(item_id=item_id) for item_id in self._items]
        if effects or self._said:
            self._divided += 1
            self._show(api.Line(f"divider_{self._divided}", self._clock(), api.Speaker.BOT, NEW, divider=True))
        self._leaving, self._closing = set(self._items), True
        self._items.clear()
        self._said.clear()
        self._unheard.clear()
        self.save()
        return effects

    def save(self) -> None:
        """Keeps the end of the conversation for the next run, at once; does nothing where that is not wanted."""
        if self._keep:
            self._changed = False
            self._write(self._kept(set()), self._next())

    def _kept(self, without: set[str]) -> KeptConversation:
        lines: list[KeptLine] = []
        room = MAX_KEPT_CHARACTERS
        said = sorted((line for line in self._said.values() if line.key not in without), key=lambda line: line.at_ms)
        for line in reversed(said[-MAX_KEPT_LINES:]):
            room -= len(line.text)
            if room < 0:
                break
            lines.append(KeptLine(who=line.who, text=line.text))
        return KeptConversation(lines=tuple(reversed(lines)))

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _write(self, kept: KeptConversation, number: int) -> None:
        with self._writing:
            if number > self._written:
                self._written = number
                with contextlib.suppress(OSError):  # a full disk must not keep the conversation from going on
                    kept.save()
