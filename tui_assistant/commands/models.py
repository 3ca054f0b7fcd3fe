"""`tui-assistant models`: what there is to listen, answer and speak with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from tui_assistant.models import registry
from tui_assistant.models.registry import Port
from tui_assistant.models.store import Store, default_folder

if TYPE_CHECKING:
    from tui_assistant.runtime.api import ModelInfo

# What a built-in model needs beyond the base dependencies: the library, and the line of pip that brings it.
NEEDS = {
    "webrtc": ("webrtcvad", "pip install webrtcvad-wheels"),
    "pocketsphinx": ("pocketsphinx", "pip install 'tui-assistant[local]'"),
    "smart-turn": ("onnxruntime", "pip install 'tui-assistant[semantic]'"),
    "espeak": ("espeakng_loader", "pip install 'tui-assistant[local]'"),
}


@dataclass(frozen=True, slots=True)
class Model:
    """One line of the list. `mend` is what to do when it is not usable."""

    port: str
    name: str
    usable: bool
    mend: str = ""


def models() -> Iterator[Model]:
    """All models of all ports; nothing is loaded."""
    for port in Port:
        for name in registry.names(port):
            yield model(port, name)


def model(port: Port, name: str) -> Model:
    library, line = NEEDS.get(name, ("", ""))
    if library and find_spec(library) is None:
        return Model(port.value, name, usable=False, mend=line)
    store = Store()
    if any(entry.name == name for entry in store.entries()) and not store.installed(name):
        return Model(port.value, name, usable=False, mend=f"tui-assistant models get {name}")
    return Model(port.value, name, usable=True)


def overview(used: Mapping[Port, str]) -> tuple[ModelInfo, ...]:
    """All of them for the setup: which are `used`, and what those that are missing cost."""
    from tui_assistant.runtime.api import ModelInfo

    sizes = {entry.name: entry.size for entry in Store().entries()}
    return tuple(
        ModelInfo(
            each.port,
            each.name,
            each.usable,
            used=used.get(Port(each.port)) == each.name,
            mend=each.mend,
            download=None if each.usable else sizes.get(each.name),
        )
        for each in models()
    )


def run_list(as_json: bool) -> int:
    for each in models():
        if as_json:
            click.echo(json.dumps(asdict(each)))
        else:
            click.echo(f"{each.port:12} {each.name:16} {'usable' if each.usable else 'missing: ' + each.mend}")
    return 0


def run_path() -> int:
    click.echo(str(default_folder()))
    return 0


def run_get(name: str) -> int:
    """Downloads a model; stdout gets its path. Raises ModelError."""
    store = Store()
    for entry in store.entries():
        if entry.name == name:
            click.echo(f"{name}: {entry.size / 1e6:.1f} MB, {entry.licence}", err=True)
    path = store.get(name, _Progress().show)
    click.echo(str(path))
    return 0


def run_remove(name: str) -> int:
    gone = Store().remove(name)
    click.echo(f"{name}: {'removed' if gone else 'was not there'}", err=True)
    return 0


class _Progress:
    """A line on stderr for each tenth; not a bar, so that logs and screen readers can follow."""

    def __init__(self) -> None:
        self._tenth = -1

    def show(self, done: int, total: int) -> None:
        tenth = done * 10 // total
        if tenth != self._tenth:
            self._tenth = tenth
            click.echo(f"{tenth * 10:3} %  {done / 1e6:.1f} of {total / 1e6:.1f} MB", err=True)
