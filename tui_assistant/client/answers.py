"""The server's responses as the client follows them: which one runs, which were cut off and are not heard any more."""

from __future__ import annotations

from tui_assistant.protocol import client, server
from tui_assistant.protocol.items import AssistantMessage, Item

KEPT = 100  # ids: deltas of a response that was cut off come late by seconds, not by a hundred responses
CLEANUP = "unheard_"  # begins the event ids of what may come too late without harm


class Answers:
    """Ids only; what is to be sent is returned."""

    def __init__(self) -> None:
        self.running: str | None = None  # the response that is being made, unless it was cancelled
        self._items: dict[str, str] = {}  # messages of responses that are not done -> their response
        self._cancelled: set[str] = set()  # not done yet
        self._dead: dict[str, None] = {}  # items and responses that were cut off, the oldest first
        self._sounded: dict[str, None] = {}  # items of which something was heard or read, or soon will be
        self._deleted = 0

    @property
    def free(self) -> bool:
        """response.create would not be refused: "After sending cancel, wait for response.done"."""
        return self.running is None and not self._cancelled

    def created(self, response_id: str) -> None:
        self.running = response_id

    def item_added(self, response_id: str, item: Item) -> None:
        """Function calls are not said."""
        if isinstance(item, AssistantMessage) and item.id:
            self._items[item.id] = response_id
            if response_id in self._dead:
                self._die(item.id)

    def sounds(self, item_id: str) -> None:
        """Audio of it has come, or text where there is no audio."""
        _remember(self._sounded, item_id)

    def done(self, response_id: str) -> None:
        """Its ids stay known for a while: deltas may still be on their way."""
        if response_id == self.running:
            self.running = None
        self._cancelled.discard(response_id)
        self._items = {item: owner for item, owner in self._items.items() if owner != response_id}

    def drops(self, event: server.ServerEvent) -> bool:
        """It belongs to an answer that was cut off.

        "Late deltas of a cancelled response may still arrive; clients must drop by response_id."
        """
        ids = getattr(event, "response_id", None), getattr(event, "item_id", None)
        return any(each in self._dead for each in ids)

    def forget(self) -> None:
        """Another session begins."""
        self.running = None
        self._cancelled.clear()
        self._items.clear()

    def cancel(self) -> list[client.ClientEvent]:
        """Ends the response that is being made; what it has written and never said is taken back."""
        response_id, self.running = self.running, None
        if response_id is None:
            return []
        self._cancelled.add(response_id)
        self._die(response_id)
        events: list[client.ClientEvent] = [client.ResponseCancel(response_id=response_id)]
        for item_id, owner in self._items.items():
            if owner == response_id:
                self._die(item_id)
                if item_id not in self._sounded:
                    self._deleted += 1
                    event_id = f"{CLEANUP}{self._deleted}"
                    events.append(client.ConversationItemDelete(event_id=event_id, item_id=item_id))
        return events

    def cut(self, item_id: str) -> None:
        """Its sound was stopped; nothing of its response is heard any more."""
        self._die(item_id)
        if item_id in self._items:
            self._die(self._items[item_id])

    def _die(self, any_id: str) -> None:
        _remember(self._dead, any_id)


def _remember(ids: dict[str, None], new: str) -> None:
    ids[new] = None
    while len(ids) > KEPT:
        del ids[next(iter(ids))]
