"""`tui-assistant config`: show, path, set, edit."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import tomlkit
from tomlkit.exceptions import TOMLKitError

from tui_assistant import config
from tui_assistant.commands import guard
from tui_assistant.config import Flag
from tui_assistant.errors import ConfigError, UnavailableError, UsageError

TEMPLATE = """\
# Settings of tui-assistant. `tui-assistant config show` lists all of them with the values in force.
#
# [turn_detection]
# silence_duration_ms = 700
"""


def show(file: str | None) -> int:
    """All settings in force as TOML; a comment says where a value comes from that is not the default."""
    settings = config.load(file=file)
    path = config.config_path(file)
    document = config.read_file(path)
    section = ""
    for key in config.fields():
        table, _, name = key.rpartition(".")
        if table != section:
            click.echo(f"\n[{table}]")
            section = table
        value = getattr(getattr(settings, table) if table else settings, name)
        source = config.origin(key, document, str(path), {}, os.environ)
        text = f"{name} = {tomlkit.item(value).as_string()}"
        click.echo(f"{text:40} # {source}" if source else text)
    return 0


def set_value(key: str, value: str, file: str | None) -> int:
    """Writes one setting, keeping comments and order; nothing is written when the value is not allowed."""
    from tui_assistant.state import write_private

    if key not in config.fields():
        raise UsageError(f"{key}: {config.unknown(key)}")
    path = config.config_path(file)
    table, _, name = key.rpartition(".")
    # the setting alone, so that something else that is wrong in the file does not stand in the way of mending it
    alone: dict[str, Any] = {table: {name: value}} if table else {name: value}
    settings = config.check(alone, f"config set {key}", {key: Flag(f"config set {key}", value)}, {})
    parsed = getattr(getattr(settings, table) if table else settings, name)
    document = _parse(path)
    try:
        if table and table not in document:
            document[table] = tomlkit.table()
        target: Any = document[table] if table else document
        target[name] = parsed
        text = tomlkit.dumps(document)
    except (TypeError, TOMLKitError) as error:
        raise ConfigError(f"{path}: {table} is not a table there") from error
    try:
        write_private(path, text)
    except OSError as error:
        raise UnavailableError(f"{path}: cannot be written: {error.strerror}") from error
    _warn(path, {key})
    return 0


def edit(file: str | None) -> int:
    """Opens the file in $VISUAL or $EDITOR, made first if it is not there, and checks it afterwards."""
    from tui_assistant.state import write_private

    path = config.config_path(file)
    if not path.exists():
        try:
            write_private(path, TEMPLATE)
        except OSError as error:
            raise UnavailableError(f"{path}: cannot be written: {error.strerror}") from error
    try:
        click.edit(filename=str(path))
    except click.ClickException as error:
        raise UnavailableError(error.format_message(), "set VISUAL or EDITOR") from error
    config.check(config.read_file(path), str(path), {}, {})
    return 0


def _parse(path: Path) -> tomlkit.TOMLDocument:
    config.read_file(path)  # its messages name line and column
    try:
        return tomlkit.parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return tomlkit.document()
    except TOMLKitError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error


def _warn(path: Path, fine: set[str]) -> None:
    """Says what else is wrong in the file, and what will override the new value."""
    try:
        config.check(config.read_file(path), str(path), {}, {})
    except ConfigError as error:
        guard.tell(error.message)
    environment: Mapping[str, str] = os.environ
    for key in fine:
        variable = config.variable_of(key)
        if environment.get(variable):
            guard.tell(f"{variable} is set and wins over the file")
