"""Changes config.toml: some values become others; comments, order and everything else stay."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from tui_assistant.config import edit, read_file
from tui_assistant.errors import ConfigError, UnavailableError
from tui_assistant.privatefile import write_private

Keys = Mapping[str, Any] | Mapping[tuple[str, ...], Any]


def with_values(path: Path, values: Keys) -> tuple[str, str]:
    """The file's text, and the text with `values` in it. A key is dotted, or a tuple where a part may hold a dot.

    A value that is a mapping replaces a whole table. Raises ConfigError for a file that can't be read or changed.
    """
    before = read_file(path)  # its messages name line and column
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        text = ""
    wanted = copy.deepcopy(before)
    try:
        document = tomlkit.parse(text)
        for key, value in values.items():
            parts = tuple(key.split(".")) if isinstance(key, str) else key
            _put(document, parts, value)
            _put(wanted, parts, value)
        after = tomlkit.dumps(document)
        found = tomllib.loads(after)
    except (TypeError, KeyError, AttributeError, ValueError, TOMLKitError) as error:
        names = ", ".join(sorted({str(key if isinstance(key, str) else key[0]).split(".")[0] for key in values}))
        raise ConfigError(f"{path}: {names} is not a table there", edit(path)) from error
    if found != wanted:  # better no change than another one than was asked for
        raise ConfigError(f"{path}: cannot be changed without changing something else", edit(path))
    return text, after


def _put(target: Any, parts: tuple[str, ...], value: Any) -> None:
    """Works on a tomlkit document, and on the plain dictionary that it stands for."""
    plain = type(target) is dict
    for number, part in enumerate(parts[:-1]):
        if part not in target:
            # [presets.name] needs no [presets] above it
            target[part] = {} if plain else tomlkit.table(is_super_table=number < len(parts) - 2 or _is_table(value))
        target = target[part]
    if _is_table(value) and not plain:
        table = tomlkit.table()
        for name, each in value.items():
            table[name] = each
        value = table
    target[parts[-1]] = dict(value) if plain and _is_table(value) else value


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping)


def write(path: Path, text: str) -> None:
    """Replaces the file in one step, readable by its owner only. Raises UnavailableError."""
    try:
        write_private(path, text)
    except OSError as error:
        raise UnavailableError(f"{path}: cannot be written: {error.strerror}", "make it writable for you") from error
