"""Events of the flat wires held against the openai package's beta types, and Qwen's against what its documents add.

The dashscope package has no types of its own: it hands on whatever dictionary comes. Qwen's wire is OpenAI's beta with
other names for formats, fields of its own in the session, and a few more fields; those are listed here, and nothing
else may differ.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any, get_args

from openai.types.beta.realtime import RealtimeServerEvent
from pydantic import BaseModel, TypeAdapter
from sdk_types import check_wire, undeclared

CLASSES: dict[str, type[BaseModel]] = {
    name: member
    for member in get_args(get_args(RealtimeServerEvent)[0])
    for name in get_args(member.model_fields["type"].annotation)
}
# The service sends these, its package does not declare them; the timeout stands only where the client has set one.
UNDECLARED = frozenset({"session.object", "session.expires_at", "session.turn_detection.idle_timeout_ms"})
# Beta has no such event; only who has set idle_timeout_ms, which beta does not have either, gets it, in GA's shape.
TIMEOUT = "input_audio_buffer.timeout_triggered"
# Partial transcripts: `text` is firm and `stash` may change. Qwen's documents have them, beta's clients ignore them.
PARTIAL = frozenset({"text", "stash"})
# What Qwen's documents add to beta's session object.
QWEN_SESSION = frozenset(
    [
        *("top_p", "top_k", "repetition_penalty", "presence_penalty", "seed", "max_tokens"),
        *("smooth_output", "enable_search", "search_options", "translation", "video", "audio"),
        "max_response_output_token",
    ]
)
QWEN_FORMATS = {"pcm": "pcm16"}
QWEN_USAGE = ("input_tokens_details", "output_tokens_details")


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    return TypeAdapter(CLASSES[kind])


def check_beta(event: dict[str, Any]) -> None:
    """Strictly by the package's class; what it doesn't declare is refused."""
    _check(json.loads(json.dumps(event)))


def check_qwen(event: dict[str, Any]) -> None:
    """As beta's, after Qwen's own additions were checked and taken out."""
    known = json.loads(json.dumps(event))
    kind = known["type"]
    if kind == "session.finished":
        assert set(known) == {"type", "event_id"}
        return
    if kind in ("input_audio_buffer.committed", "conversation.item.created"):
        assert "previous_item_id" not in known, f"Qwen's {kind} has no previous_item_id"
        known["previous_item_id"] = "none" if kind.startswith("input") else None
    if "session" in known:
        _take_out_session(known["session"])
    if "response" in known:
        _take_out_response(known["response"])
    for item in (known.get("item"), *known.get("response", {}).get("output", ())):
        for part in (item or {}).get("content", ()):
            _take_out_words(part)
    if "part" in known:
        _take_out_words(known["part"])
    _check(known)


def _take_out_session(session: dict[str, Any]) -> None:
    for name in QWEN_SESSION & set(session):
        del session[name]
    for side in ("input_audio_format", "output_audio_format"):
        session[side] = QWEN_FORMATS.get(session[side], session[side])
    for tool in session.get("tools", ()):
        if "function" in tool:
            assert set(tool) == {"type", "function"}
            tool.update(tool.pop("function"))


def _take_out_response(response: dict[str, Any]) -> None:
    form = response["output_audio_format"]
    response["output_audio_format"] = QWEN_FORMATS.get(form, form)
    for name in QWEN_USAGE if response["usage"] else ():
        details = response["usage"].pop(name)
        assert details == response["usage"][name.replace("tokens_", "token_")]


def _take_out_words(part: dict[str, Any]) -> None:
    """A spoken part says its words in `text` as well as in `transcript`."""
    if part["type"] == "audio" and "text" in part:
        assert part.pop("text") == part.get("transcript")


def _check(event: dict[str, Any]) -> None:
    kind = event["type"]
    if kind == TIMEOUT:
        check_wire(event)
        return
    assert kind in CLASSES, f"the flat wire has no event {kind}"
    assert event["event_id"], "every server event has an id"
    if "session" in event:
        event["session"]["model"] = "gpt-realtime"  # the package lists the names of OpenAI's models
    parsed = _adapter(kind).validate_json(json.dumps(event), strict=True)
    allowed = UNDECLARED | (PARTIAL if kind.endswith("input_audio_transcription.delta") else frozenset())
    foreign = [path for path in undeclared(parsed) if path not in allowed]
    assert not foreign, f"{kind} has fields that the flat wire does not: {foreign}"
    assert parsed.model_dump(mode="json", exclude_unset=True) == event, f"{kind} does not survive the round trip"
