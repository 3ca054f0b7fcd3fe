"""The flat session object: read from updates, shown in session.created and session.updated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from tui_assistant.errors import RemoteProtocolError
from tui_assistant.protocol.dialects.fields import OMITTED, Context, Field, lookup, place
from tui_assistant.protocol.dialects.quirks import FlatQuirks
from tui_assistant.protocol.dialects.values import Json
from tui_assistant.protocol.session import Data
from tui_assistant.protocol.update import READ_ONLY, refusal

# Clients send whole sessions back, with what only the service can set.
_IGNORED = READ_ONLY | {"client_secret"}
_OWN_KEYS = ("id", "object", "model", "expires_at")


class FlatSession:
    """Keeps what an update may say and the engine does not know: echoed fields, and values as they were sent.

    They are taken over by `take`, that is when the update was accepted, and by `read` forgotten when it was not.
    """

    def __init__(self, quirks: FlatQuirks) -> None:
        self._quirks = quirks
        self._initial = quirks.config.model_dump(mode="json")
        self._current: Json = self._initial
        self._echoed = quirks.echoed()
        self._stand_ins: dict[str, tuple[Any, Any]] = {}
        self._update: tuple[Data, dict[str, tuple[Any, Any]]] | None = None
        # The first field of a path names it.
        names = [("response", field) for field in quirks.response] + [("session", field) for field in quirks.session]
        self._params = {f"{root}.{field.path}": f"{root}.{field.flat}" for root, field in reversed(names)}

    def read(self, session: Any) -> Any:
        """Our patch for a flat one. Raises RemoteProtocolError with the flat name as param."""
        self._update = None
        if not isinstance(session, Mapping):
            return session  # refused behind us, with the event's other faults
        own = {name: value for name, value in session.items() if name in self._quirks.echoed.model_fields}
        echoed = self._read_echoed(own)
        kind = session.get("type")  # which these dialects' clients seldom say
        patch: Json = {"type": self._current["type"] if kind is None else kind}
        stand_ins: dict[str, tuple[Any, Any]] = {}
        rest = {name: value for name, value in session.items() if name not in _IGNORED and name != "type"}
        self._read_fields("session", rest, self._quirks.session, patch, stand_ins, {*own})
        kept = {path: pair for path, pair in self._stand_ins.items() if lookup(patch, path) is OMITTED}
        self._update = (echoed, kept | stand_ins)
        return patch

    def read_response(self, response: Any) -> Any:
        """Our options for the `response` of a response.create. Echoed fields have no effect there either."""
        if not isinstance(response, Mapping):
            return response
        own = {name: value for name, value in response.items() if name in self._quirks.echoed.model_fields}
        self._read_echoed(own, "response")
        options: Json = {}
        self._read_fields("response", response, self._quirks.response, options, {}, {*own})
        return options

    def _read_echoed(self, own: Json, root: str = "session") -> Data:
        given = {name: value for name, value in own.items() if value is not None}
        try:
            return self._quirks.echoed.model_validate({**self._echoed.model_dump(), **given})
        except ValidationError as error:
            raise refusal(error, root) from None

    def _read_fields(
        self,
        root: str,
        given: Mapping[str, Any],
        fields: tuple[Field, ...],
        result: Json,
        stand_ins: dict[str, tuple[Any, Any]],
        own: set[str],
    ) -> None:
        known = {field.flat for field in fields} | own
        for name in given:
            if name not in known:
                message = f"Unknown parameter: '{root}.{name}'."
                raise RemoteProtocolError(message, code="unknown_parameter", param=f"{root}.{name}")
        for field in fields:
            value = given.get(field.flat, OMITTED)
            if value is OMITTED or (value is None and not field.null_is_off):
                continue
            current, initial = lookup(self._current, field.path), lookup(self._initial, field.path)
            context = Context(f"{root}.{field.flat}", current, initial, stand_ins)
            place(result, field.path, field.read(value, context))

    @property
    def transcribes(self) -> bool:
        """The client is told the user's words."""
        wanted = lookup(self._current, "audio.input.transcription") is not None
        return wanted or self._current["type"] == "transcription"

    # ------------------------------------------------------------------------------------------------ to the client

    def take(self, session: Json) -> None:
        """The session's configuration is now this one: the last update was accepted, if there was one."""
        if self._update is not None:
            (self._echoed, self._stand_ins), self._update = self._update, None
        self._current = session

    def show(self, session: Json) -> Json:
        """The flat session object."""
        told: Json = dict(session)
        for path, (ours, sent) in self._stand_ins.items():
            if lookup(told, path) == ours:
                place(told, path, sent)
        shown = {name: session[name] for name in _OWN_KEYS if name in session}
        shown |= _shown(told, self._quirks.session)
        return shown | self._echoed.model_dump(mode="json", exclude_none=True)

    def show_voice(self, response: Json) -> Json:
        """What of the session stands in a response too."""
        told = {"modalities", "voice", "output_audio_format"}
        fields = tuple(field for field in self._quirks.session if field.flat in told)
        temperature = getattr(self._echoed, "temperature", None)
        return {**_shown(response, fields), "temperature": temperature}

    def error(self, error: Json) -> Json:
        """An error with the flat name of what is wrong, in the service's words where they are known."""
        param, message = error["param"], error["message"]
        renamed = self._flat_param(param) if param else param
        if param != renamed:
            message = message.replace(f"'{param}'", f"'{renamed}'")
        return {**error, "param": renamed, "message": self._quirks.messages.get(error["code"] or "", message)}

    def _flat_param(self, param: str) -> str:
        for ours, flat in sorted(self._params.items(), key=lambda pair: -len(pair[0])):
            if param == ours or param.startswith(f"{ours}."):
                return flat + param.removeprefix(ours)
        return param


def _shown(data: Json, fields: tuple[Field, ...]) -> Json:
    """The fields of a flat object that are told."""
    found = {field.flat: lookup(data, field.path) for field in fields}
    shown = {field.flat: field.show(found[field.flat]) for field in fields if found[field.flat] is not OMITTED}
    return {name: value for name, value in shown.items() if value is not OMITTED}
