"""The flat dialects, those of OpenAI's beta and of Qwen: GA events <-> theirs, by the tables of `quirks`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from tui_assistant.errors import RemoteProtocolError
from tui_assistant.protocol.client import ClientEvent, SessionUpdate
from tui_assistant.protocol.codec import decode_client, refuse_too_many, wire
from tui_assistant.protocol.dialects import values
from tui_assistant.protocol.dialects.flat_session import FlatSession
from tui_assistant.protocol.dialects.quirks import FlatQuirks
from tui_assistant.protocol.dialects.values import Json
from tui_assistant.protocol.server import ServerEvent
from tui_assistant.protocol.session import SessionConfig

_FINISH = "session.finish"
_AUDIO_DONE = "response.audio.done"
_SESSIONS = ("session.created", "session.updated")
_WORDS, _FAILED = (f"conversation.item.input_audio_transcription.{end}" for end in ("completed", "failed"))
_LAST_WORDS = frozenset({_WORDS, _FAILED, "conversation.item.deleted"})


class Flat:
    """State: which session the client believes in, what is still to come, whether it waits for session.finished."""

    def __init__(self, quirks: FlatQuirks) -> None:
        self._quirks = quirks
        self._session = FlatSession(quirks)
        self._running: set[str] = set()
        self._unheard: set[str] = set()  # items whose words are awaited
        self._wordless: set[str] = set()  # items still to be committed, of which no words will come
        self._finishing = False
        self._unconfirmed = False  # the empty update of a session.finish is on its way
        self._held: Json | None = None
        self._refused: str | None = None  # the param of what this dialect has refused itself, in its own words
        self._readers: dict[str, tuple[str, Callable[[Any], Any]]] = {
            "session.update": ("session", self._session.read),
            "response.create": ("response", self._session.read_response),
            "conversation.item.create": ("item", values.item),
        }
        self._shapes: dict[str, Callable[[Json], Json]] = {
            "session": self._session.show,
            "response": self._response,
            "item": self._item,
            "part": self._part,
            "error": self._error,
        }

    @property
    def config(self) -> SessionConfig:
        return self._quirks.config

    # ------------------------------------------------------------------------------------------- from the client

    def decode(self, text: str | bytes) -> ClientEvent:
        refuse_too_many(text)
        kind = _kind(text)
        if kind == _FINISH and self._quirks.finish:
            return self._finish(_parsed(text))
        if kind in self._quirks.refused:
            message = f"'{kind}' is not supported: {self._quirks.refused[kind]}."
            raise RemoteProtocolError(message, code="invalid_value", param="type")
        if kind not in self._readers:
            return decode_client(text)  # without a copy: it may be an append of 15 MiB
        event = _parsed(text)
        name, read = self._readers[kind]
        self._refused = None
        if name in event:
            try:
                event[name] = read(event[name])
            except RemoteProtocolError as error:
                self._refused = error.param
                raise
        return _validated(event)

    def _finish(self, event: Json) -> ClientEvent:
        """An update that changes nothing: its answer comes when all that was sent before has been dealt with."""
        session = self._session.read({})
        update = _validated({"type": "session.update", "event_id": event.get("event_id"), "session": session})
        assert isinstance(update, SessionUpdate)
        self._unconfirmed = True
        return update

    # --------------------------------------------------------------------------------------------- to the client

    def encode(self, event: ServerEvent) -> list[str]:
        data = wire(event, explain=self._quirks.explain, partials=True)
        if data["type"] in _SESSIONS:
            self._session.take(data["session"])
        if data["type"] == "session.updated" and self._unconfirmed:
            self._unconfirmed, self._finishing = False, True
            return self._finished(data["event_id"])
        frames = [] if (flat := self._flat(data)) is None else self._ordered(flat)
        self._follow(data)
        return [json.dumps(frame, separators=(",", ":")) for frame in frames] + self._finished(data["event_id"])

    def _follow(self, data: Json) -> None:
        """What is still to come before the session is finished."""
        item_id = data.get("item_id", "")
        match data["type"]:
            case "response.created":
                self._running.add(data["response"]["id"])
            case "response.done":
                self._running.discard(data["response"]["id"])
            case "input_audio_buffer.timeout_triggered":
                self._wordless.add(item_id)
            case "input_audio_buffer.committed" if item_id in self._wordless:
                self._wordless.discard(item_id)
            case "input_audio_buffer.committed" if self._session.transcribes:
                self._unheard.add(item_id)
            case name if name == _FAILED and item_id not in self._unheard:
                self._wordless.add(item_id)  # its turn goes on
            case name if name in _LAST_WORDS:
                self._unheard.discard(item_id)
            case "session.updated" if not self._session.transcribes:
                self._unheard.clear()

    def _finished(self, event_id: str) -> list[str]:
        """`session.finished`, once all is answered and written down."""
        if not self._finishing or self._running or self._unheard:
            return []
        self._finishing = False
        return [json.dumps({"event_id": f"{event_id}_finished", "type": "session.finished"}, separators=(",", ":"))]

    def _flat(self, data: Json) -> Json | None:
        name = self._quirks.names.get(data["type"], data["type"])
        if name is None:
            return None
        result = {key: self._shapes[key](value) if key in self._shapes else value for key, value in data.items()}
        known = {key: value for key, value in result.items() if (name, key) not in self._quirks.unsent}
        return {**known, "type": name}

    def _ordered(self, frame: Json) -> list[Json]:
        """The end of the audio waits for the event behind it, the end of the transcript, where that has to be first."""
        if self._quirks.words_first and frame["type"] == _AUDIO_DONE:
            self._held = frame
            return []
        held, self._held = self._held, None
        if held is None:
            return [frame]
        first = frame["type"] == "response.audio_transcript.done"
        return [frame, held] if first else [held, frame]

    def _item(self, item: Json) -> Json:
        return values.flat_item(item, text_too=self._quirks.text_of_speech)

    def _part(self, part: Json) -> Json:
        return values.flat_part(part, text_too=self._quirks.text_of_speech)

    def _error(self, error: Json) -> Json:
        """In this dialect's names, unless it has them already: a name of ours may be what the client got wrong."""
        own = error["param"] is not None and error["param"] == self._refused
        return error if own else self._session.error(error)

    def _response(self, response: Json) -> Json:
        """Beta's and Qwen's response object; "max_output_tokens" is its name here too."""
        known = {key: value for key, value in response.items() if key not in ("audio", "output_modalities")}
        known["output"] = [self._item(item) for item in response["output"]]
        known |= self._session.show_voice(response)
        if usage := response["usage"]:
            known["usage"] = self._usage(usage)
        return known

    def _usage(self, usage: Json) -> Json:
        known: dict[str, Any] = {}
        for key, value in usage.items():
            side, _, rest = key.partition("_")
            if rest != "token_details":
                known[key] = value
                continue
            for spelling in self._quirks.usage_details:
                known[f"{side}_{spelling}"] = {name: count for name, count in value.items() if name != "image_tokens"}
        return known


class _Head(BaseModel):
    """All that need be known of an event to see whether it has to be translated."""

    type: str


def _kind(text: str | bytes) -> str:
    """An event's type; "" for what has none, which the codec then refuses."""
    try:
        return _Head.model_validate_json(text).type
    except ValidationError:
        return ""


def _parsed(text: str | bytes) -> Json:
    try:
        event: Json = from_json(text, allow_inf_nan=False)
    except ValueError:  # NaN
        raise RemoteProtocolError("The event is not valid JSON.", code="invalid_event") from None
    return event


def _validated(event: Json) -> ClientEvent:
    try:
        text = json.dumps(event)
    except ValueError:  # a number of more digits than Python writes
        raise RemoteProtocolError("The event is not valid JSON.", code="invalid_event") from None
    return decode_client(text)
