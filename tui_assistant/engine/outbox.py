"""What one call of the engine puts out, in order."""

from __future__ import annotations

from tui_assistant.engine.ids import Ids
from tui_assistant.engine.observation import Observation
from tui_assistant.engine.ports import Ask
from tui_assistant.protocol.server import ServerEvent

Output = ServerEvent | Ask | Observation


class Outbox:
    """Collects server events, which get their ids here, asks and observations until they are taken."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._waiting: list[Output] = []

    def send(self, event: ServerEvent) -> None:
        self._waiting.append(event.model_copy(update={"event_id": self._ids.next("event")}))

    def ask(self, ask: Ask) -> None:
        self._waiting.append(ask)

    def observe(self, observation: Observation) -> None:
        self._waiting.append(observation)

    def take(self) -> list[Output]:
        taken, self._waiting = self._waiting, []
        return taken
