"""Reads events of servers that are not ours: what is known of them is kept, what is missing gets a default. Pure.

Servers send keys that we do not know, leave out what the specification has in every event, and have ranges of their
own. Only what makes an event useless to a client is refused: then it is no event at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tui_assistant.protocol.dialects.fields import OMITTED, lookup, place
from tui_assistant.protocol.dialects.values import Json
from tui_assistant.protocol.items import Item, Usage
from tui_assistant.protocol.server import ServerEvent
from tui_assistant.protocol.session import AudioFormat, Transcription, TurnDetection

_SERVER: TypeAdapter[ServerEvent] = TypeAdapter(ServerEvent)
_ITEM: TypeAdapter[Item] = TypeAdapter(Item)

# What a client needs to know of a session; each is taken only where it has the shape that it should have.
_SESSION: dict[str, TypeAdapter[Any]] = {
    "model": TypeAdapter(str),
    "instructions": TypeAdapter(str),
    "expires_at": TypeAdapter(int | None),
    "audio.input.format": TypeAdapter(AudioFormat),
    "audio.input.transcription": TypeAdapter(Transcription | None),
    "audio.input.turn_detection": TypeAdapter(TurnDetection | None),
    "audio.output.format": TypeAdapter(AudioFormat),
    "audio.output.voice": TypeAdapter(str),
}
# Beyond them our engine has no rules; other servers' are shown at the edge of ours.
_RANGES = {
    "threshold": (0.0, 1.0),
    "prefix_padding_ms": (0, 5_000),
    "silence_duration_ms": (0, 10_000),
    "idle_timeout_ms": (5_000, 30_000),
}
_STATUS = ("in_progress", "completed", "cancelled", "failed", "incomplete")
_ITEM_STATUS = ("completed", "incomplete", "in_progress")
_REASONS = ("turn_detected", "client_cancelled", "max_output_tokens", "content_filter")
_CONTENT = ("input_text", "input_audio", "output_text", "output_audio")
_NO_FORMAT: Json = {"output": {"format": {"type": "audio/pcm"}, "voice": ""}}


def server_event(data: Json) -> ServerEvent | None:
    """The event in GA's words and shapes as ours; None where it is none that a client of ours follows."""
    shape = _SHAPES.get(str(data.get("type")))
    try:
        shaped = {key: shape.get(key, _same)(value) for key, value in data.items()} if shape else data
        for key, value in (shape or {}).items():
            if key not in shaped:
                shaped[key] = value(None)
        return _SERVER.validate_python(shaped, strict=False, extra="ignore")
    except (ValidationError, TypeError, LookupError, ValueError, AttributeError, RecursionError):
        return None


def _same(value: Any) -> Any:
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> int:
    """Milliseconds and places; some servers send them as floats."""
    return round(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0


def _session(value: Any) -> Json:
    given = value if isinstance(value, Mapping) else {}
    result: Json = {"id": _text(given.get("id")), "audio": {"input": {"turn_detection": None}, "output": {}}}
    for path, adapter in _SESSION.items():
        found = lookup(given, path)
        if path.endswith("turn_detection"):
            found = _rules(found)
        if found is OMITTED:
            continue
        try:
            known = adapter.validate_python(found, strict=False, extra="ignore")
        except ValidationError:
            continue
        place(result, path, adapter.dump_python(known))
    return result


def _rules(value: Any) -> Any:
    """A kind of turn detection that we have no name for is that of the server alone: shown as none."""
    if not isinstance(value, Mapping) or value.get("type") not in ("server_vad", "semantic_vad"):
        return None
    known = {key: inner for key, inner in value.items() if inner is not None}
    for key, (least, most) in _RANGES.items():
        if isinstance(known.get(key), int | float):
            known[key] = type(least)(min(most, max(least, known[key])))
    if known.get("eagerness") not in (None, "low", "medium", "high", "auto"):
        del known["eagerness"]
    return known


def _item(value: Any) -> Json:
    """Content that we don't know is left out; the words of the rest stay."""
    known = {key: inner for key, inner in value.items() if inner is not None}
    if known.get("status") not in _ITEM_STATUS:
        known.pop("status", None)
    known["object"] = "realtime.item"
    if known.get("type", "message") == "message":
        known["type"] = "message"
        content = known.get("content")
        parts = [_part(part) for part in content if isinstance(part, Mapping)] if isinstance(content, list) else []
        known["content"] = [part for part in parts if part.get("type") in _CONTENT]
        kinds = {part["type"] for part in known["content"]}
        # One service's own example calls the user's speech the assistant's.
        known["role"] = "user" if "input_audio" in kinds else known.get("role", "assistant")
    return known


def _part(value: Mapping[str, Any]) -> Json:
    return {key: inner for key, inner in value.items() if inner is not None or key == "transcript"}


def _content_part(value: Any) -> Json:
    kind = {"output_audio": "audio", "output_text": "text"}.get(value.get("type"), value.get("type"))
    return {"type": kind, "text": value.get("text"), "transcript": value.get("transcript")}


def _response(value: Any) -> Json:
    items = value.get("output")
    output = [_item(item) for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []
    status = value.get("status")
    result: Json = {
        "id": _text(value.get("id")),
        "status": status if status in _STATUS else "completed",
        "status_details": _details(value.get("status_details")),
        "output": [item for item in output if _valid(_ITEM, item)],
        "audio": _NO_FORMAT,
        "usage": _usage(value.get("usage")),
    }
    metadata = value.get("metadata")
    if isinstance(metadata, Mapping):
        result["metadata"] = {str(key): inner for key, inner in metadata.items() if isinstance(inner, str)}
    return result


def _valid(adapter: TypeAdapter[Any], value: Any) -> bool:
    try:
        adapter.validate_python(value, strict=False, extra="ignore")
    except ValidationError:
        return False
    return True


def _details(value: Any) -> Json | None:
    if not isinstance(value, Mapping) or value.get("type") not in ("completed", "cancelled", "failed", "incomplete"):
        return None
    reason, error = value.get("reason"), value.get("error")
    return {
        "type": value["type"],
        "reason": reason if reason in _REASONS else None,
        "error": _error(error) if isinstance(error, Mapping) else None,
    }


def _usage(value: Any) -> Json | None:
    """Either spelling of the details; a null counts as nothing."""
    if not isinstance(value, Mapping):
        return None
    known = {key: inner for key, inner in value.items() if inner is not None}
    for side in ("input", "output"):
        details = known.get(f"{side}_token_details") or known.get(f"{side}_tokens_details") or {}
        known[f"{side}_token_details"] = {key: inner for key, inner in details.items() if isinstance(inner, int)}
    return known if _valid(TypeAdapter(Usage), known) else None


# What a client has to tell apart, by words of its messages, for services that leave the code empty or have their own.
_CODES = {
    "already has an active response": "conversation_already_has_active_response",
    "another response is in progress": "conversation_already_has_active_response",
    "none active response": "response_cancel_not_active",
    "no active response": "response_cancel_not_active",
    "error committing input audio buffer": "input_audio_buffer_commit_empty",
}


def _error(value: Any) -> Json:
    """An empty code, as one service sends it with every error, is none."""
    given = value if isinstance(value, Mapping) else {"message": str(value or "")}
    code, param, event_id = (given.get(key) or None for key in ("code", "param", "event_id"))
    words = _text(given.get("message")).lower()
    code = next((known for part, known in _CODES.items() if part in words), code)
    return {
        "type": _text(given.get("type")) or "server_error",
        "code": str(code) if code is not None else None,
        "message": _text(given.get("message")),
        "param": param if isinstance(param, str) else None,
        "event_id": event_id if isinstance(event_id, str) else None,
    }


def _duration(value: Any) -> Json:
    seconds = value.get("seconds") if isinstance(value, Mapping) else None
    return {"type": "duration", "seconds": float(seconds) if isinstance(seconds, int | float) else 0.0}


Shape = dict[str, Callable[[Any], Any]]
_PLACE: Shape = {"output_index": _number, "content_index": _number, "response_id": _text}
# What each event needs beside what it has: keys that may be missing or of another shape, and how they are read.
_SHAPES: dict[str, Shape] = {
    "session.created": {"session": _session},
    "session.updated": {"session": _session},
    "conversation.created": {"conversation": lambda value: {"id": _text((value or {}).get("id"))}},
    "input_audio_buffer.speech_started": {"audio_start_ms": _number, "item_id": _text},
    "input_audio_buffer.speech_stopped": {"audio_end_ms": _number, "item_id": _text},
    "input_audio_buffer.timeout_triggered": {"audio_start_ms": _number, "audio_end_ms": _number, "item_id": _text},
    "conversation.item.added": {"item": _item},
    "conversation.item.done": {"item": _item},
    "conversation.item.retrieved": {"item": _item},
    "conversation.item.truncated": {"content_index": _number, "audio_end_ms": _number},
    "conversation.item.input_audio_transcription.delta": {
        "content_index": _number,
        "delta": _text,
        "text": _text,
        "stash": _text,
    },
    "conversation.item.input_audio_transcription.completed": {
        "content_index": _number,
        "transcript": _text,
        "usage": _duration,
    },
    "conversation.item.input_audio_transcription.failed": {
        "content_index": _number,
        "error": lambda value: {key: inner for key, inner in _error(value).items() if key != "event_id"},
    },
    "response.created": {"response": _response},
    "response.done": {"response": _response},
    "response.output_item.added": {"item": _item, "output_index": _number, "response_id": _text},
    "response.output_item.done": {"item": _item, "output_index": _number, "response_id": _text},
    "response.content_part.added": {"part": _content_part, **_PLACE},
    "response.content_part.done": {"part": _content_part, **_PLACE},
    "response.output_text.delta": _PLACE,
    "response.output_text.done": _PLACE,
    "response.output_audio.delta": _PLACE,
    "response.output_audio.done": _PLACE,
    "response.output_audio_transcript.delta": _PLACE,
    "response.output_audio_transcript.done": _PLACE,
    "response.function_call_arguments.delta": {"output_index": _number, "response_id": _text, "call_id": _text},
    "response.function_call_arguments.done": {
        "output_index": _number,
        "response_id": _text,
        "call_id": _text,
        "name": _text,
    },
    "error": {"error": _error},
}
