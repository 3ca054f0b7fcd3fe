"""`tui-assistant key`: set, remove, list. A key comes from a question without echo or from a pipe, never as a word."""

from __future__ import annotations

import os
import sys

import click

from tui_assistant.errors import UnavailableError, UsageError, keylike


@click.group()
def key() -> None:
    """Keys of services, kept in the system's keyring."""


@key.command("set")
@click.argument("name")
def key_set(name: str) -> int:
    """Keep a key for NAME: a service, as openai, or a server's host. It is asked for; a pipe may answer."""
    return store(name)


@key.command("remove")
@click.argument("name")
def key_remove(name: str) -> int:
    """Forget the key of NAME."""
    return remove(name)


@key.command("list")
def key_list() -> int:
    """Which services have a key, and where it is. No key is shown."""
    return show()


def store(name: str) -> int:
    from tui_assistant.commands import guard
    from tui_assistant.links.vendors.keys import Keyring, checked

    ring = Keyring()
    name = _checked_name(name)
    given = checked(_asked(name), "the answer")
    if not given:
        raise UsageError("that was empty: nothing is kept")
    ring.put(name, given)
    guard.tell(f"the key of {name} is kept in {ring.name}")
    return 0


def remove(name: str) -> int:
    from tui_assistant.commands import guard
    from tui_assistant.links.vendors.keys import Keyring

    if not Keyring().remove(_checked_name(name)):
        raise UnavailableError(f"there is no key of {name} in the keyring", "`tui-assistant key list` says which are")
    guard.tell(f"the key of {name} is removed")
    return 0


def show() -> int:
    """One line for each service and each name that was set: the variable, the keyring, or nothing."""
    from tui_assistant.commands import guard

    found, problem = places()
    if problem is not None:
        guard.tell(str(problem))
    for name, where in found.items():
        click.echo(f"{name:20} {', then '.join(where) or 'no key'}")
    return 0


def places() -> tuple[dict[str, list[str]], UnavailableError | None]:
    """Name -> where its key is, what is asked first before the rest; and why the keyring could not be asked."""
    from tui_assistant.links.vendors.keys import Keyring
    from tui_assistant.links.vendors.table import VENDORS

    kept: list[str] = []
    where, problem = "", None
    try:
        ring = Keyring()
        kept, where = ring.names(), ring.name
    except UnavailableError as error:
        problem = error
    variables = {vendor.key_name: vendor.key for vendor in VENDORS.values() if vendor.key}
    found: dict[str, list[str]] = {}
    for name in [*variables, *(each for each in kept if each not in variables)]:
        found[name] = [f"the variable {variables[name]}"] if os.environ.get(variables.get(name, "")) else []
        found[name] += [where] if name in kept else []
    return found, problem


def _asked(name: str) -> str:
    if sys.stdin is not None and sys.stdin.isatty():
        return str(click.prompt(f"Key of {name} (nothing is shown while you type)", hide_input=True, err=True))
    return sys.stdin.readline() if sys.stdin is not None else ""


def _checked_name(name: str) -> str:
    if keylike(name):
        raise UsageError("a key is no argument: whoever lists processes would see it", "tui-assistant key set openai")
    if not name.strip() or len(name) > 100 or not name.isprintable() or any(each in name for each in "()/ "):
        raise UsageError("NAME is a service, e.g. openai, or the host of a server")
    return name
