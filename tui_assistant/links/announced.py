"""Items that we have announced and the server has named: each side keeps its own ids. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

from tui_assistant.protocol.client import ClientEvent
from tui_assistant.protocol.server import ServerEvent

MOST = 1_000  # items that are known: hours of talk; of an older one nobody speaks any more
_FIELDS = ("item_id", "previous_item_id")


class Announced:
    """Maps the ids that the rest of the program knows (`ours`) to the server's (`theirs`), and back."""

    def __init__(self) -> None:
        self._ours: dict[str, str] = {}
        self._theirs: dict[str, str] = {}
        self._others: deque[str] = deque(maxlen=MOST)  # committed, and named by the server alone
        self._due: deque[tuple[str | None, str | None]] = deque()  # commits that the server has not confirmed, in order

    def committed(self, event_id: str | None, ours: str | None) -> None:
        """A commit goes out, which the server will confirm. `ours`: the id that was announced for its item."""
        self._due.append((event_id, ours))

    def named(self, theirs: str) -> bool:
        """The server has committed an item; True: it is one that we have announced."""
        _, ours = self._due.popleft() if self._due else (None, None)
        if ours is None:
            self._others.append(theirs)
            return False
        self._bind(ours, theirs)
        return True

    def early(self, theirs: str, open_item: str | None) -> None:
        """Words of an item that the server has not committed: those of the oldest turn that goes up, or is open."""
        ours = self._due[0][1] if self._due else open_item
        if ours is not None and theirs not in self._ours and theirs not in self._others:
            self._bind(ours, theirs)

    def _bind(self, ours: str, theirs: str) -> None:
        self._ours[theirs], self._theirs[ours] = ours, theirs
        while len(self._theirs) > MOST:
            oldest = next(iter(self._theirs))
            self._ours.pop(self._theirs.pop(oldest), None)

    def refused(self) -> str | None:
        """The server refuses the oldest commit: our name of its item."""
        return self._due.popleft()[1] if self._due else None

    def anew(self, told: Iterable[str | None]) -> list[str]:
        """Another session begins, whose ids are its own; `told`: the commits that it is told again, in order.

        Returns the items that will never be committed.
        """
        self._ours.clear()
        self._theirs.clear()
        self._others.clear()
        before = {event_id: ours for event_id, ours in self._due if ours is not None}
        self._due = deque((event_id, before.pop(event_id, None)) for event_id in told)
        return list(before.values())

    def read(self, event: ServerEvent) -> ServerEvent:
        """An event of the server in our ids."""
        return _renamed(event, self._ours) if self._ours else event

    def write(self, event: ClientEvent) -> ClientEvent:
        """An event for the server in its ids."""
        return _renamed(event, self._theirs) if self._theirs else event


def _renamed(event: Any, names: dict[str, str]) -> Any:
    changes: dict[str, Any] = {
        field: names[known] for field in _FIELDS if (known := getattr(event, field, None)) in names
    }
    item = getattr(event, "item", None)
    if item is not None and item.id in names:
        changes["item"] = item.model_copy(update={"id": names[item.id]})
    return event.model_copy(update=changes) if changes else event
