"""`tui-assistant models`: what there is to listen, answer and speak with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec

import click

from tui_assistant.models import registry
from tui_assistant.models.registry import Port

# What a built-in model needs beyond the base dependencies: the library, and the line of pip that brings it.
NEEDS = {
    "webrtc": ("webrtcvad", "pip install webrtcvad-wheels"),
    "pocketsphinx": ("pocketsphinx", "pip install 'tui-assistant[local]'"),
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
    return Model(port.value, name, usable=True)


def run_list(as_json: bool) -> int:
    for each in models():
        if as_json:
            click.echo(json.dumps(asdict(each)))
        else:
            click.echo(f"{each.port:12} {each.name:16} {'usable' if each.usable else 'missing: ' + each.mend}")
    return 0


def run_path() -> int:
    from tui_assistant.models.store import default_folder

    click.echo(str(default_folder()))
    return 0
