from __future__ import annotations

from typing import Any

import pytest

from tui_assistant.models.tools.schema import problem

TIMER = {
    "type": "object",
    "properties": {
        "seconds": {"type": "number", "minimum": 1, "maximum": 360},
        "name": {"type": "string", "maxLength": 8},
        "count": {"type": "integer", "exclusiveMinimum": 0},
        "unit": {"enum": ["s", "min", 1]},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
        "on": {"type": "boolean"},
        "at": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "where": {"$ref": "#/$defs/Place"},
    },
    "required": ["seconds"],
    "additionalProperties": False,
    "$defs": {"Place": {"type": "object", "properties": {"room": {"type": "string"}}, "required": ["room"]}},
}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, ""),
        ({"count": 2.0, "unit": "min", "tags": ["a"], "on": True, "at": None, "where": {"room": "x"}}, ""),
        ({"seconds": 0}, "seconds must be at least 1, not 0"),
        ({"seconds": 361}, "seconds must be at most 360, not 361"),
        ({"seconds": "10"}, "seconds must be a number, not 10"),
        ({"seconds": True}, "seconds must be a number, not True"),
        ({"seconds": float("nan")}, "seconds must be a number, not nan"),
        ({"name": "much too long"}, "name must have at most 8 characters"),
        ({"count": 1.5}, "count must be a whole number, not 1.5"),
        ({"count": 0}, "count must be more than 0, not 0"),
        ({"unit": "h"}, "unit must be one of s, min, 1, not h"),
        ({"unit": True}, "unit must be one of s, min, 1, not True"),
        ({"tags": ["a", 1]}, "tags[1] must be a text, not 1"),
        ({"tags": ["a", "b", "c"]}, "tags must have at most 2 entries"),
        ({"on": 1}, "on must be true or false, not 1"),
        ({"at": 3}, "at must be a text, not 3"),
        ({"where": {}}, "where.room is missing"),
        (
            {"sconds": 3},
            "sconds is unknown; there are: seconds, name, count, unit, tags, on, at, where",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(more: dict[str, Any], expected: str) -> None:
    assert problem({"seconds": 10, **more}, TIMER) == expected


def test_what_is_missing() -> None:
    assert problem({}, TIMER) == "seconds is missing"
    assert problem([], TIMER) == "the arguments must be an object, not []"


def test_combined_schemas() -> None:
    both = {"allOf": [{"minimum": 1}, {"maximum": 3}]}
    assert problem(2, both) == ""
    assert problem(4, both) == "the arguments must be at most 3, not 4"
    one = {"oneOf": [{"minimum": 1}, {"maximum": 3}]}
    assert problem(0, one) == ""
    assert problem(2, one) == "the arguments must have exactly one of its forms"


def test_loops_and_explosions_end() -> None:
    loop = {"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}}
    assert problem(1, loop) == "the arguments must not be nested so deeply"
    tree: dict[str, Any] = {"anyOf": [{"$ref": "#"}, {"$ref": "#"}, {"$ref": "#"}]}
    assert problem(1, tree) in ("", "the arguments must not be nested so deeply")


@pytest.mark.parametrize(
    "schema", [True, None, "nonsense", {"type": 3}, {"type": "tomorrow"}, {"$ref": "http://x"}, {}]
)
def test_what_is_no_schema_allows_everything(schema: Any) -> None:
    assert problem({"a": 1}, schema) == ""


def test_false_allows_nothing() -> None:
    assert problem({"a": 1}, {"properties": {"a": False}}) == "a is not allowed"
