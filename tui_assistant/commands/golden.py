"""What a replay should say: kept in a file, so that a project holds its own recordings as tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tui_assistant.errors import UsageError
from tui_assistant.safetext import clean

HEAD = "tui-assistant golden"
LONGEST_SHOWN = 60  # characters of a value that differs


def save(path: Path, mode: dict[str, Any], lines: Sequence[dict[str, Any]]) -> None:
    """`mode`: what was asked. An older golden file is replaced, anything else is not. Raises UsageError."""
    from tui_assistant.record.folder import replace_file

    if path.exists():
        _read(path, "it is no golden file, and stays as it is")
    text = "".join(json.dumps(line) + "\n" for line in [{"golden": HEAD, "of": mode}, *lines])
    try:
        replace_file(path, text)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or error}") from None


def check(path: Path, mode: dict[str, Any], lines: Sequence[dict[str, Any]]) -> str:
    """`identical: N lines`, or where the first difference is. Raises UsageError."""
    head, *expected = _read(path, "it is no golden file: make one with --save-golden")
    if head["of"] != mode:
        raise UsageError(f"{path}: was saved with other options: {json.dumps(head['of'])}", "give the same ones")
    for number, (then, now) in enumerate(zip(expected, lines, strict=False), 1):
        if then != now:
            at_ms = then.get("at_ms", then.get("onset_ms"))
            where = f", {at_ms / 1000:.2f} s" if isinstance(at_ms, int | float) else ""
            return f"differs at line {number}{where}: {difference(then, now)}"
    if len(expected) != len(lines):
        first = min(len(expected), len(lines)) + 1
        return f"differs at line {first}: {len(expected)} were expected, {len(lines)} came"
    return f"identical: {len(lines)} line{'s' if len(lines) != 1 else ''}"


def difference(then: Any, now: Any, path: str = "") -> str:
    """The first place at which two JSON values differ, and what stands there."""
    if isinstance(then, dict) and isinstance(now, dict):
        for key in dict.fromkeys([*then, *now]):
            if key not in then or key not in now or then[key] != now[key]:
                missing = "nothing"
                return difference(then.get(key, missing), now.get(key, missing), f"{path}.{key}" if path else str(key))
    if isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for index, (one, other) in enumerate(zip(then, now, strict=True)):
            if one != other:
                return difference(one, other, f"{path}[{index}]")
    return clean(f"{path} was {_shown(then)}, is {_shown(now)}")


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"


def _read(path: Path, otherwise: str) -> list[Any]:
    try:
        lines = [json.loads(line) for line in path.read_bytes().splitlines()]
        if not lines or lines[0]["golden"] != HEAD or not all(isinstance(line, dict) for line in lines):
            raise ValueError
        return [{**lines[0], "of": lines[0]["of"]}, *lines[1:]]
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UsageError(f"{path}: {otherwise}") from None
