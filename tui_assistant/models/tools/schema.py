"""Whether arguments agree with a tool's JSON schema, and if not, why: a line that a model can mend its call by.

The part of JSON Schema that tools use. `pattern` and `format` are left to the tool: a foreign pattern can take forever.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

MAX_DEPTH = 32  # of arguments and references: what is deeper is a loop or an attack
MAX_STEPS = 20_000  # of one check; a schema whose alternatives multiply is left to the tool itself
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "number": (int, float),
    "integer": (int, float),
    "null": (type(None),),
}


def problem(value: Any, schema: Any) -> str:
    """What is wrong with `value`, naming the place; empty: nothing."""
    root = schema if isinstance(schema, Mapping) else {}
    return _Check(root).at(value, schema, "", 0)


class _Check:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._steps = 0

    def at(self, value: Any, schema: Any, path: str, depth: int) -> str:
        if schema is False:
            return f"{_name(path)} is not allowed"
        if not isinstance(schema, Mapping):
            return ""  # true, or no schema at all
        self._steps += 1
        if self._steps > MAX_STEPS:
            return ""
        if depth > MAX_DEPTH:
            return f"{_name(path)} must not be nested so deeply"
        if isinstance(reference := schema.get("$ref"), str):
            return self.at(value, self._resolve(reference), path, depth + 1)
        return (
            _type_problem(value, schema, path)
            or _choice_problem(value, schema, path)
            or _number_problem(value, schema, path)
            or _length_problem(value, schema, path)
            or self._object(value, schema, path, depth)
            or self._array(value, schema, path, depth)
            or self._combined(value, schema, path, depth)
        )

    def _resolve(self, reference: str) -> Any:
        """`#/$defs/Name`; anything else is not ours to fetch, and allows everything."""
        found: Any = self._root
        for part in reference.removeprefix("#").strip("/").split("/"):
            if not reference.startswith("#") or not isinstance(found, Mapping):
                return True
            found = found.get(part.replace("~1", "/").replace("~0", "~"), True) if part else found
        return found

    def _object(self, value: Any, schema: Mapping[str, Any], path: str, depth: int) -> str:
        if not isinstance(value, dict):
            return ""
        known = schema.get("properties")
        known = known if isinstance(known, Mapping) else {}
        for name in schema.get("required") or ():
            if name not in value:
                return f"{_name(_inside(path, name))} is missing"
        other = schema.get("additionalProperties", True)
        for name, each in value.items():
            place = _inside(path, name)
            if name not in known and other is False:
                allowed = f"; there are: {', '.join(known)}" if known else ""
                return f"{_name(place)} is unknown{allowed}"
            if wrong := self.at(each, known.get(name, other), place, depth + 1):
                return wrong
        return ""

    def _array(self, value: Any, schema: Mapping[str, Any], path: str, depth: int) -> str:
        if not isinstance(value, list):
            return ""
        for place, each in enumerate(value):
            if wrong := self.at(each, schema.get("items", True), f"{path}[{place}]", depth + 1):
                return wrong
        return ""

    def _combined(self, value: Any, schema: Mapping[str, Any], path: str, depth: int) -> str:
        for part in _list(schema, "allOf"):
            if wrong := self.at(value, part, path, depth + 1):
                return wrong
        for key in ("anyOf", "oneOf"):
            wrongs = [self.at(value, part, path, depth + 1) for part in _list(schema, key)]
            if wrongs and all(wrongs):
                return wrongs[0]
            if key == "oneOf" and wrongs.count("") > 1:
                return f"{_name(path)} must have exactly one of its forms"
        return ""


def _type_problem(value: Any, schema: Mapping[str, Any], path: str) -> str:
    kinds = schema.get("type")
    kinds = [kinds] if isinstance(kinds, str) else kinds if isinstance(kinds, list) else []
    if not kinds or any(_is(value, kind) for kind in kinds):
        return ""
    return f"{_name(path)} must be {' or '.join(_WORDS.get(kind, str(kind)) for kind in kinds)}, not {_shown(value)}"


def _is(value: Any, kind: Any) -> bool:
    known = _TYPES.get(kind) if isinstance(kind, str) else None
    if known is None:
        return True  # a type of tomorrow
    if isinstance(value, bool) or not isinstance(value, int | float):
        return isinstance(value, known) and (kind == "boolean") == isinstance(value, bool)
    if not math.isfinite(value):
        return False
    return float in known and (kind == "number" or float(value).is_integer())


def _choice_problem(value: Any, schema: Mapping[str, Any], path: str) -> str:
    choices = schema.get("enum")
    if isinstance(choices, list) and not any(_same(value, each) for each in choices):
        return f"{_name(path)} must be one of {', '.join(map(str, choices[:40]))}, not {_shown(value)}"
    if "const" in schema and not _same(value, schema["const"]):
        return f"{_name(path)} must be {schema['const']}, not {_shown(value)}"
    return ""


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)  # True is not 1 in JSON


def _number_problem(value: Any, schema: Mapping[str, Any], path: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    for key, (words, fits) in _LIMITS.items():
        limit = schema.get(key)
        if isinstance(limit, int | float) and not isinstance(limit, bool) and not fits(value, limit):
            return f"{_name(path)} must be {words} {limit:g}, not {_shown(value)}"
    return ""


def _length_problem(value: Any, schema: Mapping[str, Any], path: str) -> str:
    if not isinstance(value, str | list):
        return ""
    least, most, unit = (
        ("minLength", "maxLength", "characters") if isinstance(value, str) else ("minItems", "maxItems", "entries")
    )
    if isinstance(low := schema.get(least), int) and len(value) < low:
        return f"{_name(path)} must have at least {low} {unit}"
    if isinstance(high := schema.get(most), int) and len(value) > high:
        return f"{_name(path)} must have at most {high} {unit}"
    return ""


_LIMITS: dict[str, tuple[str, Callable[[float, float], bool]]] = {
    "minimum": ("at least", operator.ge),
    "maximum": ("at most", operator.le),
    "exclusiveMinimum": ("more than", operator.gt),
    "exclusiveMaximum": ("less than", operator.lt),
}
_WORDS = {
    "object": "an object",
    "array": "a list",
    "string": "a text",
    "boolean": "true or false",
    "number": "a number",
    "integer": "a whole number",
    "null": "null",
}


def _list(schema: Mapping[str, Any], key: str) -> list[Any]:
    value = schema.get(key)
    return value if isinstance(value, list) else []


def _inside(path: str, name: str) -> str:
    return f"{path}.{name}" if path else str(name)


def _name(path: str) -> str:
    return path or "the arguments"


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:39] + "…"
