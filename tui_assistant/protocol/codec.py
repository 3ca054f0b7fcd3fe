"""JSON text <-> events, strictly: what is no valid event raises RemoteProtocolError and never anything else."""

from __future__ import annotations

import base64
import binascii
import math
from typing import Any

from pydantic import JsonValue, TypeAdapter, ValidationError

from tui_assistant.errors import RemoteProtocolError
from tui_assistant.protocol.client import MAX_APPEND_BYTES, MAX_COMMAS, ClientEvent, ResponseCreate, SessionUpdate
from tui_assistant.protocol.server import ServerEvent
from tui_assistant.protocol.update import refusal

_CLIENT: TypeAdapter[ClientEvent] = TypeAdapter(ClientEvent)
_SERVER: TypeAdapter[ServerEvent] = TypeAdapter(ServerEvent)
_ANY: TypeAdapter[Any] = TypeAdapter(JsonValue)

# Events of other wires or services that are known by name, and why there is no such thing here.
NOT_OFFERED = {
    "input_image_buffer.append": "the models here see no images",
    "input_image_buffer.clear": "the models here see no images",
    "input_audio_buffer.append_video_frame": "the models here see no images",
    "output_audio_buffer.clear": "it belongs to WebRTC and SIP",
}
EXPLANATIONS = frozenset({"reason", "at_ms"})  # ours; on the wire only for a client that asked with ?explain=1
_OPEN_ONLY = frozenset({"text", "stash"})  # revised partials: the GA wire carries only the firm `delta`
_TRANSCRIPTION_DELTA = "conversation.item.input_audio_transcription.delta"


def decode_client(text: str | bytes) -> ClientEvent:
    """One client event. Raises RemoteProtocolError with the code and param of the service."""
    refuse_too_many(text)
    try:
        event = _CLIENT.validate_json(text)
    except ValidationError as error:
        raise _client_refusal(error) from None
    # JSON has no NaN; where values of any shape may stand the parser takes it, and it would come back out.
    if isinstance(event, SessionUpdate) and not _finite(event.session):
        raise RemoteProtocolError("The event is not valid JSON.", code="invalid_event", param="session")
    if isinstance(event, ResponseCreate) and event.response is not None and not _finite(event.response.model_dump()):
        raise RemoteProtocolError("The event is not valid JSON.", code="invalid_event", param="response")
    return event


def refuse_too_many(text: str | bytes) -> None:
    """Raises RemoteProtocolError where the text may hold more values than an event can mean, before it is parsed.

    Each wrong one would be a problem of its own in the validation: a second and 250 MiB for 400 KB of them.
    """
    if _too_many(text):
        raise RemoteProtocolError(f"The event has more than {MAX_COMMAS} commas.", code="invalid_event")


def _too_many(text: str | bytes) -> bool:
    if len(text) <= MAX_COMMAS:
        return False
    place = -1
    for _ in range(MAX_COMMAS + 1):  # `find` takes a fortieth of the time of `count` where there is little to find
        place = text.find(",", place + 1) if isinstance(text, str) else text.find(b",", place + 1)
        if place < 0:
            return False
    return True


def _finite(value: Any) -> bool:
    """Whether a JSON value has no NaN or infinity in it; the parser bounds its depth."""
    if isinstance(value, dict):
        return all(_finite(inner) for inner in value.values())
    if isinstance(value, list | tuple):
        return all(_finite(inner) for inner in value)
    return not isinstance(value, float) or math.isfinite(value)


def client_event_id(text: str | bytes) -> str | None:
    """The event_id of a text that may be no valid event, for the error that answers it."""
    if _too_many(text):
        return None  # not worth the parsing
    try:
        value = _ANY.validate_json(text)
    except ValidationError:
        return None
    found = value.get("event_id") if isinstance(value, dict) else None
    return found if isinstance(found, str) else None


def _client_refusal(error: ValidationError) -> RemoteProtocolError:
    problem = error.errors(include_url=False)[0]
    if problem["type"] == "json_invalid":
        return RemoteProtocolError("The event is not valid JSON.", code="invalid_event")
    if problem["type"] in ("model_attributes_type", "model_type", "dict_type") and not problem["loc"]:
        return RemoteProtocolError("An event must be a JSON object.", code="invalid_event")
    if problem["type"] == "union_tag_not_found" and not problem["loc"]:
        return RemoteProtocolError("The 'type' field is missing.", code="invalid_event", param="type")
    if problem["type"] == "union_tag_invalid" and not problem["loc"]:
        kind = problem.get("ctx", {}).get("tag", "").strip("'")
        message = f"Invalid value for 'type': '{kind}'. There is no such client event."
        if kind in NOT_OFFERED:
            message = f"'{kind}' is not supported: {NOT_OFFERED[kind]}."
        return RemoteProtocolError(message, code="invalid_value", param="type")
    return refusal(error, skip=1)  # the first step is the event's own type


def decode_server(text: str | bytes) -> ServerEvent:
    """One server event, as our own client reads it. Raises RemoteProtocolError."""
    try:
        return _SERVER.validate_json(text)
    except ValidationError as error:
        raise refusal(error, skip=1) from None


def wire(event: ServerEvent | ClientEvent, *, explain: bool = False, partials: bool = False) -> dict[str, Any]:
    """The event as a JSON object. `explain` keeps reason and at_ms, `partials` the revised words."""
    result = event.model_dump(mode="json", exclude=None if explain else set(EXPLANATIONS))
    if not partials and event.type == _TRANSCRIPTION_DELTA:
        result = {key: value for key, value in result.items() if key not in _OPEN_ONLY}
    return result


def encode_audio(pcm: bytes) -> str:
    return base64.b64encode(pcm).decode("ascii")


def decode_audio(audio: str) -> bytes:
    """The bytes of an append. Raises RemoteProtocolError when it is no base64, empty, or over the limit."""
    try:
        data = base64.b64decode(audio, validate=True)
    except (binascii.Error, ValueError):
        data = None
    if data is None or len(audio) % 4 or audio.endswith("==="):  # the library takes too much padding
        problem = "but got an invalid value"
        raise RemoteProtocolError(_AUDIO.format(problem), code="invalid_value", param="audio")
    if not data:
        raise RemoteProtocolError(_AUDIO.format("but got empty bytes"), code="invalid_value", param="audio")
    if len(data) > MAX_APPEND_BYTES:
        message = f"Invalid 'audio'. One append may carry {MAX_APPEND_BYTES} bytes, but got {len(data)}."
        raise RemoteProtocolError(message, code="invalid_value", param="audio")
    return data


_AUDIO = "Invalid 'audio'. Expected base64-encoded audio bytes, {}."
