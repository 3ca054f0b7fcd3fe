"""What we want of turn detection, what the server has echoed, and what it refused. Pure."""

from __future__ import annotations

from typing import Any

from tui_assistant.protocol import client
from tui_assistant.protocol.items import ErrorDetail
from tui_assistant.protocol.session import Fine, SemanticVad, ServerVad, TurnDetection

MOST_PENDING = 100  # updates that a server has not answered; the oldest are given up then


class Agreement:
    """`wanted`: the rules of hands-free. `in_force`: as the server echoed them last; None is push-to-talk."""

    def __init__(self, wanted: ServerVad | SemanticVad, in_force: TurnDetection | None) -> None:
        self.wanted: ServerVad | SemanticVad = wanted
        self.in_force = in_force
        self._good: ServerVad | SemanticVad = ServerVad()  # that the server has taken; at first what every server takes
        self._pending: dict[str, TurnDetection | None] = {}  # event_id -> what it asks for; answered in order
        self._sent = 0
        self._fine_keys: set[str] = set()  # that were sent at some time

    def update(self, rules: TurnDetection | None, *, transcription: bool = False) -> client.SessionUpdate:
        """Asks the server for `rules`."""
        self._sent += 1
        event_id = f"rules_{self._sent}"
        self._pending[event_id] = rules
        if len(self._pending) > MOST_PENDING:
            del self._pending[next(iter(self._pending))]
        settings: dict[str, Any] = {"turn_detection": self._on_wire(rules) if rules else None}
        if transcription:
            settings["transcription"] = {}
        return client.SessionUpdate(event_id=event_id, session={"type": "realtime", "audio": {"input": settings}})

    def created(self, in_force: TurnDetection | None) -> None:
        """A session begins; nothing that was asked of an earlier one is answered any more."""
        self._pending.clear()
        self.in_force = in_force

    def updated(self, in_force: TurnDetection | None) -> None:
        """The server has echoed the oldest update."""
        if self._pending:
            del self._pending[next(iter(self._pending))]
        self.in_force = in_force
        self._good = in_force or self._good

    def refused(self, error: ErrorDetail) -> bool:
        """The server answers with an error. True: it was about an update of ours, and no later one is under way.

        `wanted` is then something that the server has taken before; it may have to be asked for again.
        """
        if error.event_id not in self._pending:
            return False
        rules = self._pending.pop(error.event_id)
        if rules == self.wanted and rules not in self._pending.values():  # it may have been asked for again
            if rules == self._good:
                return False  # it works no more: nothing that we could ask for would
            self.wanted = self._good
        return not self._pending

    def _on_wire(self, rules: ServerVad | SemanticVad) -> dict[str, Any]:
        """All keys; one beyond the protocol only once it was sent: then null takes it back, as absent means "keep"."""
        data = rules.model_dump(mode="json")
        self._fine_keys |= Fine.model_fields.keys() & data.keys()
        return {**dict.fromkeys(sorted(self._fine_keys)), **data}
