"""`tui-assistant config`: show, path, set, edit."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import click
import tomlkit

from tui_assistant import config
from tui_assistant.commands import guard
from tui_assistant.config import Flag
from tui_assistant.config_file import with_values, write
from tui_assistant.errors import ConfigError, ModelError, UnavailableError, UsageError
from tui_assistant.safetext import clean

TEMPLATE = """\
# Settings of tui-assistant. `tui-assistant config show` lists all of them with the values in force.
#
# [turn_detection]
# silence_duration_ms = 700
#
# [presets.kitchen]  # your own, in the tune panel; what it does not set stays as it is
# threshold = 0.65
#
# [mcp.files]  # a server of tools for a language model; secrets by the names of variables: env = ["NAME"]
# command = ["npx", "-y", "@modelcontextprotocol/server-filesystem", "/home/me/notes"]
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
        value = config.value_of(settings, key)
        source = config.origin(key, document, str(path), {}, os.environ)
        click.echo(_line(name, value, source))
    for table in config.NAMED:
        for own, values in getattr(settings, table).items():
            click.echo(f"\n[{table}.{clean(tomlkit.key(own).as_string())}]")
            for name, value in values.model_dump(mode="json", exclude_unset=True).items():
                click.echo(_line(name, value, str(path)))
    return 0


def _line(name: str, value: object, source: str) -> str:
    text = f"# {name} is not set" if value is None else f"{name} = {tomlkit.item(value).as_string()}"
    return clean(f"{text:40} # {source}" if source else text)  # a file may come from elsewhere


def set_value(key: str, value: str, file: str | None) -> int:
    """Writes one setting, keeping comments and order; nothing is written when the value is not allowed."""
    if key.partition(".")[0] in config.NAMED:
        raise UsageError(
            f"{key}: this belongs to a table with a name of your own", config.edit(config.config_path(file))
        )
    if key not in config.fields():
        raise UsageError(f"{key}: {config.unknown(key)}")
    path = config.config_path(file)
    # the setting alone, so that something else that is wrong in the file does not stand in the way of mending it
    settings = config.check(config.nested({key: value}), "config set", {key: Flag("config set", value)}, {})
    _check_model(key, value)
    write(path, with_values(path, {key: config.value_of(settings, key)})[1])
    _warn(path, {key})
    return 0


def _check_model(key: str, name: str) -> None:
    """Raises UsageError for a model that there is not: with it the assistant starts without what was wanted, or not."""
    from tui_assistant.models import registry

    section, _, port = key.partition(".")
    if section == "models" and port in list(registry.Port):
        try:
            registry.check(registry.Port(port), name)
        except ModelError as error:
            raise UsageError(error.message, error.hint) from error


def edit(file: str | None) -> int:
    """Opens the file in $VISUAL or $EDITOR, made first if it is not there, and checks it afterwards."""
    path = config.config_path(file)
    if not path.exists():
        write(path, TEMPLATE)
    try:
        click.edit(filename=str(path))
    except click.ClickException as error:
        raise UnavailableError(error.format_message(), "set VISUAL or EDITOR") from error
    config.check(config.read_file(path), str(path), {}, {})
    return 0


def _warn(path: Path, fine: set[str]) -> None:
    """Says what else is wrong in the file, and what will override the new value."""
    try:
        config.check(config.read_file(path), str(path), {}, {})
    except ConfigError as error:
        guard.tell(error.message, lines=True)
    environment: Mapping[str, str] = os.environ
    for key in fine:
        variable = config.variable_of(key)
        if environment.get(variable):
            guard.tell(f"{variable} is set and wins over the file")
