"""Ids that stay apart though every session of a server counts from one. Pure."""

from __future__ import annotations

from typing import Any

from tui_assistant.protocol.client import ClientEvent
from tui_assistant.protocol.server import ServerEvent

MARK = "~"  # no service has it in its ids
_FIELDS = ("item_id", "response_id", "previous_item_id")


class Names:
    """Of the n-th session of a link. Those of the first are left as they are."""

    def __init__(self, session: int) -> None:
        self._mark = f"{MARK}{session}" if session > 1 else ""

    def read(self, event: ServerEvent) -> ServerEvent:
        """The event with ids that no other session has."""
        if not self._mark:
            return event
        change: dict[str, Any] = {}
        for name in _FIELDS:
            if value := getattr(event, name, None):
                change[name] = value + self._mark
        if (item := getattr(event, "item", None)) is not None:
            change["item"] = self._marked(item)
        if (response := getattr(event, "response", None)) is not None:
            output = tuple(self._marked(item) for item in response.output)
            change["response"] = self._marked(response.model_copy(update={"output": output}))
        return event.model_copy(update=change) if change else event

    def write(self, event: ClientEvent) -> ClientEvent:
        """The event with the ids that the server gave."""
        given = {name: getattr(event, name, None) for name in _FIELDS if self._mark}
        change = {name: value.removesuffix(self._mark) for name, value in given.items() if value}
        return event.model_copy(update=change) if change else event

    def _marked(self, thing: Any) -> Any:
        return thing.model_copy(update={"id": thing.id + self._mark}) if thing.id else thing
