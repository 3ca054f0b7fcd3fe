"""The client's side of the wires: our events as a server of others wants them, and what it sends as ours. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any, Protocol

from pydantic_core import from_json

from tui_assistant.errors import RemoteProtocolError
from tui_assistant.protocol.client import ClientEvent
from tui_assistant.protocol.codec import wire
from tui_assistant.protocol.dialects import values
from tui_assistant.protocol.dialects.fields import OMITTED, Context, Field, lookup, place
from tui_assistant.protocol.dialects.lenient import server_event
from tui_assistant.protocol.dialects.quirks import BETA, FLAT_NAMES, FlatQuirks
from tui_assistant.protocol.dialects.values import Json
from tui_assistant.protocol.server import BufferCommitted, ServerEvent, SpeechStopped

UPDATE, CREATE, ITEM = "session.update", "response.create", "conversation.item.create"
RULES = "audio.input.turn_detection"
WORDS = "audio.input.transcription"

# Names that servers of either dialect still use beside their own: both are read everywhere.
_READ = {flat: ours for ours, flat in FLAT_NAMES.items() if flat is not None} | {
    "conversation.item.input_audio_transcription.text": "conversation.item.input_audio_transcription.delta",
}


@dataclass(frozen=True, slots=True)
class RemoteQuirks:
    """Where a server differs from its dialect, as far as a client has to know."""

    unknown: frozenset[str] = frozenset()
    """Client events that it does not have: they are not sent."""
    rule_keys: Mapping[str, frozenset[str]] = dataclass_field(default_factory=dict)
    """By the type of turn detection: the keys that it knows; of a type that is not named all are sent."""
    transcription: str | None = None
    """The model to ask for where only "write down what I say" is meant; "": its own; None: it does so unasked."""
    silence_ms: tuple[int, int] = (0, 10_000)
    """Its range of silence_duration_ms."""
    unsaid: frozenset[str] = frozenset()
    """Fields of the session that are not sent, by our dotted paths: to name them would be an error."""
    always: Mapping[str, Any] = dataclass_field(default_factory=dict)
    """What every session.update has to hold, in the server's own spelling."""
    by_hand: Mapping[str, Any] | None = None
    """What it calls turn detection that is off."""
    lifted: Mapping[str, str] = dataclass_field(default_factory=dict)
    """Our dotted path -> the name that it has at the top of the session."""
    commits_silently: bool = False
    """The end of speech commits the buffer, and no event says so."""


class RemoteDialect(Protocol):
    """One connection's translator; may keep state of it."""

    def encode(self, event: ClientEvent) -> str | None:
        """The frame for the server; None where it has no such event."""
        ...

    def decode(self, text: str | bytes) -> list[ServerEvent]:
        """The events in a frame: mostly one, none where it is nothing to us. Raises RemoteProtocolError for no JSON."""
        ...


class RemoteGa:
    """OpenAI's GA wire."""

    def __init__(self, quirks: RemoteQuirks | None = None) -> None:
        self._quirks = quirks or RemoteQuirks()

    def encode(self, event: ClientEvent) -> str | None:
        if event.type in self._quirks.unknown:
            return None
        data = wire(event)
        if event.type == UPDATE:
            data["session"] = _spelled(_fitting(data["session"], self._quirks), self._quirks)
        return _frame(data)

    def decode(self, text: str | bytes) -> list[ServerEvent]:
        data = _parsed(text)
        data["type"] = _READ.get(str(data.get("type")), data.get("type"))
        session = data.get("session")
        if self._quirks.lifted and isinstance(session, dict):
            data["session"] = _lowered(session, self._quirks.lifted)
        return _events(data, self._quirks)


class RemoteFlat:
    """OpenAI's beta and Qwen's wire, by the tables that our own server has of them."""

    def __init__(self, tables: FlatQuirks, quirks: RemoteQuirks | None = None) -> None:
        self._tables = tables
        self._quirks = quirks or RemoteQuirks()
        self._initial = tables.config.model_dump(mode="json")
        self._session: Json = {}  # as it was told last: an update may be answered by a part of it

    def encode(self, event: ClientEvent) -> str | None:
        if event.type in self._quirks.unknown:
            return None
        data = wire(event)
        if event.type == UPDATE:
            flat = _flat(_fitting(data["session"], self._quirks), self._tables.session)
            data["session"] = _spelled(flat, self._quirks)
        elif event.type == CREATE and data["response"] is not None:
            data["response"] = _flat(_without_nulls(data["response"]), self._tables.response)
        elif event.type == ITEM:
            data["item"] = values.flat_item(data["item"], text_too=False)
        return _frame(data)

    def decode(self, text: str | bytes) -> list[ServerEvent]:
        data = _parsed(text)
        data["type"] = _READ.get(str(data.get("type")), data.get("type"))
        if isinstance(data.get("session"), Mapping):
            self._session = {**self._session, **data["session"]}
            data["session"] = self._read(self._session)
        if isinstance(data.get("item"), Mapping):
            data["item"] = values.item(data["item"])
        response = data.get("response")
        if isinstance(response, Mapping) and isinstance(response.get("output"), list):
            data["response"] = {**response, "output": [values.item(item) for item in response["output"]]}
        return _events(data, self._quirks)

    def _read(self, session: Mapping[str, Any]) -> Json:
        """The flat session as ours; a field of another shape than it should have is left out."""
        result: Json = {"id": session.get("id"), "model": session.get("model"), "expires_at": session.get("expires_at")}
        for field in self._tables.session:
            value = session.get(field.flat, OMITTED)
            if value is OMITTED or (value is None and not field.null_is_off):
                continue
            initial = lookup(self._initial, field.path)
            try:
                place(result, field.path, field.read(value, Context(field.flat, initial, initial)))
            except (RemoteProtocolError, TypeError, AttributeError):
                continue
        return result


class RemoteAuto:
    """GA, until the first session shows that the server has only OpenAI's beta wire, as many of one's own have."""

    def __init__(self, quirks: RemoteQuirks | None = None) -> None:
        self._quirks = quirks
        self._wire: RemoteDialect = RemoteGa(quirks)

    def encode(self, event: ClientEvent) -> str | None:
        return self._wire.encode(event)

    def decode(self, text: str | bytes) -> list[ServerEvent]:
        if isinstance(self._wire, RemoteGa):
            data = _parsed(text)
            session = data.get("session")
            flat = isinstance(session, Mapping) and "audio" not in session and session.keys() & {"modalities", "voice"}
            if data.get("type") == "session.created" and flat:
                self._wire = RemoteFlat(BETA, self._quirks)
        return self._wire.decode(text)


def _events(data: Json, quirks: RemoteQuirks) -> list[ServerEvent]:
    if "delta" not in data and isinstance(data.get("audio"), str):
        data["delta"] = data["audio"]  # as one server of one's own calls the sound
    found = server_event(data)
    if isinstance(found, SpeechStopped) and quirks.commits_silently:
        return [found, BufferCommitted(item_id=found.item_id)]
    return [] if found is None else [found]


def _spelled(session: Json, quirks: RemoteQuirks) -> Json:
    """The patch, in GA's or the flat shape, with the names and additions of one server."""
    patch = dict(session)
    for path, name in quirks.lifted.items():
        if (value := lookup(patch, path)) is not OMITTED:
            _drop(patch, path)
            patch[name] = value
    if quirks.by_hand is not None and patch.get("turn_detection", OMITTED) is None:
        patch["turn_detection"] = dict(quirks.by_hand)
    return patch | dict(quirks.always)


def _lowered(session: Json, lifted: Mapping[str, str]) -> Json:
    found = {key: value for key, value in session.items() if key not in lifted.values()}
    for path, name in lifted.items():
        if name in session and lookup(found, path) is OMITTED:
            place(found, path, session[name])
    return found


def _drop(patch: Json, path: str) -> None:
    """Takes a field out, and what is empty without it."""
    parent, _, name = path.rpartition(".")
    inner = lookup(patch, parent) if parent else patch
    if isinstance(inner, dict) and name in inner:
        del inner[name]
        if parent and not inner:
            _drop(patch, parent)


def _fitting(session: Json, quirks: RemoteQuirks) -> Json:
    """A patch of the session without what that server does not know."""
    patch: Json = json.loads(json.dumps(session))  # a deep copy, of plain JSON
    for path in quirks.unsaid:
        _drop(patch, path)
    if lookup(patch, WORDS) == {}:
        if quirks.transcription is None:
            del patch["audio"]["input"]["transcription"]
        elif quirks.transcription:
            place(patch, f"{WORDS}.model", quirks.transcription)
    rules = lookup(patch, RULES)
    if isinstance(rules, dict):
        known = quirks.rule_keys.get(rules.get("type", ""))
        kept = {key: value for key, value in rules.items() if known is None or key in known or key == "type"}
        kept = {key: value for key, value in kept.items() if value is not None or key == "idle_timeout_ms"}
        if isinstance(kept.get("silence_duration_ms"), int):
            least, most = quirks.silence_ms
            kept["silence_duration_ms"] = min(most, max(least, kept["silence_duration_ms"]))
        patch["audio"]["input"]["turn_detection"] = kept
    return patch


def _flat(patch: Json, fields: tuple[Field, ...]) -> Json:
    found = {field.flat: (field, lookup(patch, field.path)) for field in fields}
    shown = {name: field.show(value) for name, (field, value) in found.items() if value is not OMITTED}
    return {name: value for name, value in shown.items() if value is not OMITTED}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        known = {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
        return {key: inner for key, inner in known.items() if inner != {}}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value


def _frame(data: Json) -> str:
    """Nulls say nothing, but in a session, where turn_detection null is push-to-talk."""
    known = {key: value if key == "session" else _without_nulls(value) for key, value in data.items()}
    return json.dumps({key: value for key, value in known.items() if value is not None}, separators=(",", ":"))


def _parsed(text: str | bytes) -> Json:
    try:
        data = from_json(text)
    except ValueError:
        raise RemoteProtocolError("The server has sent what is no JSON.", code="invalid_event") from None
    if not isinstance(data, dict):
        raise RemoteProtocolError("The server has sent JSON that is no event.", code="invalid_event")
    return data
