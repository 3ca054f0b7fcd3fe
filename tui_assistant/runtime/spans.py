"""When each turn of the user was spoken, from the conversation's events: what marks refer to."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from tui_assistant.protocol import server
from tui_assistant.protocol.client import ClientEvent

LONGEST_MEMORY = 1_000  # turns: hours of talk


@dataclass(slots=True)
class Span:
    """`onset_ms` and `end_ms` of the speech in recording time; the item's audio in session time."""

    onset_ms: int | None = None
    end_ms: int | None = None
    audio_start_ms: int | None = None
    audio_end_ms: int | None = None


class Spans:
    def __init__(self) -> None:
        self._spans: dict[str, Span] = {}
        self._taken_ms = 0  # session time of the last commit or clear: a turn by hand begins there

    def of(self, item_id: str) -> dict[str, int | None]:
        """All values None where the turn was not seen."""
        return asdict(self._spans.get(item_id, Span()))

    def take(self, event: server.ServerEvent | ClientEvent, at_ms: int, fed_ms: int) -> None:
        """`at_ms`: recording time of the event; `fed_ms`: session time of all audio given so far."""
        match event:
            case server.SpeechStarted(item_id=item_id, audio_start_ms=start_ms, reason=reason):
                span = self._begin(item_id)
                span.onset_ms = at_ms - int((reason or {}).get("held_ms", 0))
                span.audio_start_ms = start_ms
            case server.SpeechStopped(item_id=item_id, audio_end_ms=end_ms, reason=reason):
                span = self._begin(item_id)
                span.end_ms = at_ms - int((reason or {}).get("silence_ms", 0))
                span.audio_end_ms = end_ms
            case server.BufferCommitted(item_id=item_id):
                span = self._begin(item_id)
                if span.end_ms is None:  # committed by the client
                    span.end_ms, span.audio_end_ms = at_ms, fed_ms
                if span.onset_ms is None:
                    span.audio_start_ms = self._taken_ms
                    span.onset_ms = max(0, at_ms - (fed_ms - self._taken_ms))
                self._taken_ms = fed_ms
            case server.BufferCleared():
                self._taken_ms = fed_ms

    def _begin(self, item_id: str) -> Span:
        while len(self._spans) >= LONGEST_MEMORY and item_id not in self._spans:
            del self._spans[next(iter(self._spans))]
        return self._spans.setdefault(item_id, Span())
