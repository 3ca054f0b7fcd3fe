"""Events as they have to be where turns are detected here and the server is driven by hand. Pure."""

from __future__ import annotations

from copy import deepcopy

from tui_assistant.protocol import client, server
from tui_assistant.protocol.items import JsonObject
from tui_assistant.protocol.server import ServerEvent
from tui_assistant.protocol.session import Fine, SessionObject, TurnDetection


def wanted(rules: TurnDetection | None, *, fine: bool = False) -> client.SessionUpdate:
    """Asks a server for `rules`. `fine`: it is our engine, which knows keys beyond the protocol."""
    known: JsonObject | None = None
    if rules is not None:
        data = rules.model_dump(mode="json")
        known = {key: value for key, value in data.items() if fine or key not in Fine.model_fields}
    return client.SessionUpdate(session={"type": "realtime", "audio": {"input": {"turn_detection": known}}})


def by_hand(session: JsonObject) -> tuple[JsonObject, bool]:
    """A patch of the session that leaves turn detection to us; whether it says anything else."""
    patch = deepcopy(session)
    audio = patch.setdefault("audio", {})
    heard = audio.setdefault("input", {})
    heard.pop("turn_detection", None)
    more = bool(heard or patch.keys() - {"type", "audio"} or audio.keys() - {"input"})
    heard["turn_detection"] = None
    return patch, more


def with_rules(session: SessionObject, rules: TurnDetection | None) -> SessionObject:
    """The session with the turn detection that is really in force."""
    heard = session.audio.input.model_copy(update={"turn_detection": rules})
    return session.model_copy(update={"audio": session.audio.model_copy(update={"input": heard})})


def later(event: ServerEvent, ms: int) -> ServerEvent:
    """The event with its times on a clock that is `ms` ahead of the server's."""
    match event:
        case server.SpeechStarted(audio_start_ms=start_ms, at_ms=at_ms):
            shifted = {"audio_start_ms": max(0, start_ms + ms), "at_ms": None if at_ms is None else at_ms + ms}
        case server.SpeechStopped(audio_end_ms=end_ms, at_ms=at_ms):
            shifted = {"audio_end_ms": max(0, end_ms + ms), "at_ms": None if at_ms is None else at_ms + ms}
        case _:
            return event
    return event.model_copy(update=shifted) if ms else event
