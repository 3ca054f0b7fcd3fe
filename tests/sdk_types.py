"""Server events held against the types of the `openai` package: a second, foreign description of the protocol.

The package itself parses leniently (a wrong field is kept, an unknown one is an attribute), so the check here picks the
class by `type`, validates strictly, and refuses what the class does not declare, at any depth.
"""

from __future__ import annotations

import json
import types
from functools import cache, lru_cache
from typing import Annotated, Any, Union, get_args, get_origin

from openai.types.realtime import RealtimeServerEvent
from pydantic import BaseModel, TypeAdapter

from tui_assistant.protocol.codec import wire
from tui_assistant.protocol.server import ServerEvent

# The service sends these in `session`, and the package's class for it does not declare them.
UNDECLARED = frozenset({"session.id", "session.object", "session.expires_at"})
SERVICE_RATE = 24_000  # the only one that the package's types name; ours takes 8000 to 48000


@lru_cache(maxsize=1)
def classes() -> dict[str, type[BaseModel]]:
    """The package's class of each server event's type."""
    found: dict[str, type[BaseModel]] = {}
    for member in get_args(get_args(RealtimeServerEvent)[0]):
        for name in get_args(member.model_fields["type"].annotation):
            found[name] = member
    return found


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    return TypeAdapter(classes()[kind])


def check(event: ServerEvent) -> dict[str, Any]:
    """The event as it goes over the wire. Raises AssertionError or ValidationError where the package disagrees."""
    text = json.dumps(wire(event), allow_nan=False)
    check_wire(json.loads(text))
    return json.loads(text)


def check_wire(event: dict[str, Any]) -> None:
    """An event as it was received. Raises as `check` does."""
    kind = event["type"]
    assert kind in classes(), f"the service has no event {kind}"
    assert event["event_id"], "every server event has an id"
    known = json.loads(json.dumps(event))
    _use_service_rate(known)
    parsed = _adapter(kind).validate_json(json.dumps(known), strict=True)
    foreign = [path for path in undeclared(parsed) if path not in UNDECLARED]
    assert not foreign, f"{kind} has fields that the service does not: {foreign}"
    again = parsed.model_dump(mode="json", exclude_unset=True)
    assert again == known, f"{kind} does not survive the round trip"


def _use_service_rate(value: Any) -> None:
    if isinstance(value, dict):
        if value.get("type") == "audio/pcm":
            value["rate"] = SERVICE_RATE
        for inner in value.values():
            _use_service_rate(inner)
    elif isinstance(value, list):
        for inner in value:
            _use_service_rate(inner)


def undeclared(value: Any, path: str = "") -> list[str]:
    """Paths of the fields that the classes do not declare, e.g. "session.id"."""
    if isinstance(value, BaseModel):
        extra = [_join(path, name) for name in value.model_extra or {}]
        fields = [(name, getattr(value, name)) for name in type(value).model_fields if name in value.model_fields_set]
        return extra + [found for name, inner in fields for found in undeclared(inner, _join(path, name))]
    if isinstance(value, list):
        return [found for inner in value for found in undeclared(inner, path)]
    return []


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def declared(kind: str) -> dict[str, type]:
    """Field names of an event's class; used to see that ours are the service's."""
    return dict(classes()[kind].model_fields)


def union_members(annotation: Any) -> list[Any]:
    """The classes of an annotated or plain union."""
    if get_origin(annotation) is Annotated:
        return union_members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [member for part in get_args(annotation) for member in union_members(part)]
    return [annotation]
