"""The dialects of Realtime servers, and how each says what the checks ask and look for.

The checks know one vocabulary, that of OpenAI's GA API. A `Wire` says it in its own and reads what comes back: names of
events, where turn_detection stands in a session, the rate of the audio. It is written from the services' documentation
and shares no table with our own server, whose faults it is meant to see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

Event = dict[str, Any]

QWEN_PATH = "/api-ws/v1/realtime"

_FLAT_TO_GA = {
    "conversation.item.created": "conversation.item.added",
    "response.text.delta": "response.output_text.delta",
    "response.audio.delta": "response.output_audio.delta",
    "response.audio_transcript.delta": "response.output_audio_transcript.delta",
}
_GA_TO_FLAT = {ga: flat for flat, ga in _FLAT_TO_GA.items()}
# Qwen's errors come with an empty code as a rule; its words are as good.
_CODES = {
    "conversation has none active response": "response_cancel_not_active",
    "conversation already has an active response": "conversation_already_has_active_response",
}


@dataclass(frozen=True, slots=True)
class Wire:
    """One dialect."""

    name: str
    rate: int  # Hz of the audio that a client appends: int16 mono
    silence_ms: int  # what silence_duration_ms is when nobody says
    flat: bool = True
    """The session object has no levels, and events have the names of the beta."""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def item_events(self) -> list[str]:
        """What announces a new item, in GA's words."""
        added, done = "conversation.item.added", "conversation.item.done"
        return [added] if self.flat else [added, done]

    def update(self, turn_detection: Any) -> Event:
        """The session of a session.update that sets turn_detection."""
        if self.flat:
            return {"turn_detection": turn_detection}
        audio = {"input": {"format": {"type": "audio/pcm", "rate": self.rate}, "turn_detection": turn_detection}}
        return {"type": "realtime", "audio": audio}

    def said(self, name: str) -> str:
        """An event's name in GA's words as this dialect has it."""
        return _GA_TO_FLAT.get(name, name) if self.flat else name

    @property
    def unchanged(self) -> Event:
        """The session of a session.update that changes nothing."""
        return {} if self.flat else {"type": "realtime"}

    def rules(self, session: Event) -> Event:
        """turn_detection as a session shows it; {} for none."""
        shown = session if self.flat else session.get("audio", {}).get("input", {})
        return shown.get("turn_detection") or {}

    def read(self, event: Event) -> Event:
        """An event of the server, in GA's words."""
        if not self.flat:
            return event
        if event["type"] == "error":
            error = event.get("error") or {}
            code = error.get("code") or _CODES.get(str(error.get("message", "")).lower().rstrip("."))
            return {**event, "error": {**error, "code": code}}
        return {**event, "type": _FLAT_TO_GA.get(event["type"], event["type"])}


GA = Wire("ga", rate=24_000, silence_ms=500, flat=False)
BETA = Wire("beta", rate=24_000, silence_ms=500, headers={"OpenAI-Beta": "realtime=v1"})
QWEN = Wire("qwen", rate=16_000, silence_ms=800)
WIRES = {wire.name: wire for wire in (GA, BETA, QWEN)}
AUTO = "auto"


def wire_for(url: str, dialect: str = AUTO) -> Wire:
    """The wire to begin with: what is said, else what the path says, else OpenAI's GA."""
    if dialect != AUTO:
        return WIRES[dialect]
    return QWEN if urlsplit(url).path.rstrip("/") == QWEN_PATH else GA


def recognised(wire: Wire, session: Event) -> Wire:
    """The wire of a server that has shown this session to a client of `wire`: many know the flat one alone."""
    if wire is GA and "audio" not in session and ("turn_detection" in session or "modalities" in session):
        return BETA
    return wire
