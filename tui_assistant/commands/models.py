"""`tui-assistant models`: what there is to listen, answer and speak with."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from tui_assistant.errors import ConfigError, ModelError, UsageError
from tui_assistant.models import registry
from tui_assistant.models.catalogue import MOONSHINE_BATCH, MOONSHINE_TINY, PIPER_DEFAULT, PIPER_PREFIX, Entry
from tui_assistant.models.registry import NEXT_BEST, Port
from tui_assistant.models.store import Store, default_folder

if TYPE_CHECKING:
    from tui_assistant.config import Settings
    from tui_assistant.runtime.setup_api import ModelInfo

# What a built-in model needs beyond the base dependencies: the library, and the line of pip that brings it.
_MOONSHINE = ("moonshine_voice", "pip install 'tui-assistant[moonshine]'")
NEEDS = {
    "webrtc": ("webrtcvad", "pip install webrtcvad-wheels"),
    "pocketsphinx": ("pocketsphinx", "pip install 'tui-assistant[local]'"),
    "moonshine-tiny": _MOONSHINE,
    "moonshine-small": _MOONSHINE,
    "moonshine-batch": _MOONSHINE,
    "smart-turn": ("onnxruntime", "pip install 'tui-assistant[semantic]'"),
    "espeak": ("espeakng_loader", "pip install 'tui-assistant[local]'"),
    "piper": ("piper", "pip install 'tui-assistant[piper]'"),
    "kokoro": ("kokoro_onnx", "pip install 'tui-assistant[kokoro]'"),
}
ALIASES = {"piper": PIPER_PREFIX + PIPER_DEFAULT, "moonshine": MOONSHINE_TINY}  # what `get` takes a short name for
SERVERS = {"transcriptions": "transcription", "speech": "speech"}  # the section with the address of each
_UNOFFERED = {*SERVERS, MOONSHINE_BATCH}  # by the setup, while they are not here: it names the choice, not everything
BEST = {
    **NEXT_BEST,
    Port.JUDGE: ("smart-turn", *NEXT_BEST[Port.JUDGE]),
}  # what "best" stands for: the first that is usable
_VOICE = "voice"  # instead of a port: files that the synthesiser piper speaks with


@dataclass(frozen=True, slots=True)
class Model:
    """One line of the list. `mend` is what to do when it is not usable.

    Of a model that is downloaded: `size` and `here` in bytes (None: not known), `checksum`, how its content is known.
    """

    port: str
    name: str
    usable: bool
    mend: str = ""
    size: int | None = None
    here: int | None = None
    licence: str = ""
    source: str = ""
    checksum: str = ""
    gives: str = ""


def models(settings: Settings | None = None) -> Iterator[Model]:
    """All models of all ports, and the voices that can be downloaded; nothing is loaded.

    `settings`: those in force, with the addresses of servers; None: they are looked up.
    """
    for port in Port:
        for name in registry.names(port):
            yield model(port, name, settings)
    for entry in Store().entries():
        if entry.name.startswith(PIPER_PREFIX):
            yield _described(Model(_VOICE, entry.name, usable=Store().installed(entry.name)), entry)


def model(port: Port, name: str, settings: Settings | None = None) -> Model:
    """As in `models`."""
    found = Model(port.value, name, usable=True)
    try:
        registry.check(port, name)
    except ModelError as error:
        return replace(found, usable=False, mend=error.hint)
    section = SERVERS.get(name)
    if section is not None and not _address(section, settings):
        return replace(found, usable=False, mend=f"tui-assistant config set {section}.url http://127.0.0.1:8000/v1")
    store = Store()
    entry = next((entry for entry in store.entries() if entry.name == name), None)
    if entry is not None:
        found = _described(replace(found, usable=store.installed(name)), entry)
    elif name == "piper" and not _voices(store):
        found = replace(found, usable=False, mend=f"tui-assistant models get {ALIASES[name]}")
    if line := extra_of(name):
        return replace(found, usable=False, mend=f"{line} && {found.mend}" if found.mend else line)
    return found


def _address(section: str, settings: Settings | None) -> str:
    from tui_assistant.config import load

    try:
        return str(getattr(settings or load(), section).url)
    except ConfigError:
        return ""


def _voices(store: Store) -> list[str]:
    return [
        entry.name for entry in store.entries() if entry.name.startswith(PIPER_PREFIX) and store.installed(entry.name)
    ]


def _described(found: Model, entry: Entry) -> Model:
    sums = {"sha256" if file.sha256 else "crc32c" if file.crc32c else "" for file in entry.files}
    return replace(
        found,
        mend="" if found.usable else f"tui-assistant models get {entry.name}",
        size=entry.size or None,
        here=Store().held(entry.name),
        licence=entry.licence,
        gives=entry.gives,
        source=entry.source,
        checksum="recorded at the first download" if "" in sums else " and ".join(sorted(sums)),
    )


def overview(used: Mapping[Port, str], settings: Settings | None = None) -> tuple[ModelInfo, ...]:
    """All of them for the setup: which are `used`, and what those that are missing cost. `settings` as in `models`."""
    from tui_assistant.runtime.setup_api import ModelInfo

    store = Store()
    entries = {entry.name: entry for entry in store.entries()}

    best = {port: next((name for name in names if model(port, name).usable), "") for port, names in BEST.items()}

    def info(each: Model) -> ModelInfo:
        port = Port(each.port)
        in_use = used.get(port) == each.name or (used.get(port) == "best" and best.get(port) == each.name)
        found = ModelInfo(each.port, each.name, each.usable, used=in_use, mend=each.mend)
        entry = entries.get(ALIASES.get(each.name, each.name))
        if entry is None:
            return replace(found, extra="" if each.usable else each.mend)
        return replace(
            found,
            download=entry.size or None,
            fetch=entry.name,
            held=store.held(entry.name),
            licence=entry.licence,
            gives=entry.gives,
            extra=extra_of(each.name),
        )

    return tuple(
        info(each) for each in models(settings) if each.port != _VOICE and (each.usable or each.name not in _UNOFFERED)
    )


def extra_of(name: str) -> str:
    """The line of pip that brings the library of the model `name`; empty where it is there, or none is needed."""
    library, line = NEEDS.get(name, ("", ""))
    return line if library and find_spec(library) is None else ""


def run_list(as_json: bool) -> int:
    for each in models():
        if as_json:
            click.echo(json.dumps(asdict(each)))
        else:
            click.echo(
                f"{each.port:12} {each.name:24} {'usable' if each.usable else 'missing: ' + each.mend}{_facts(each)}"
            )
    return 0


def _facts(each: Model) -> str:
    """Size, licence and source of what is downloaded; how much of it is here when that is a part."""
    if each.here is None:
        return ""
    size = f"{each.size / 1e6:.1f} MB" if each.size else "size not known"
    if each.here and not each.usable and each.here != each.size:
        size = f"{each.here / 1e6:.1f} MB of it here, {size}"
    return f"  ({size}, {each.licence}, {each.source}; {each.gives})"


def run_path(name: str = "") -> int:
    """The folder of all, or where one is. Raises ModelError when that is not there."""
    click.echo(os.fsencode(Store().path(_entry(Store(), name).name) if name else default_folder()))
    return 0


def _entry(store: Store, name: str) -> Entry:
    """What `name` or the short name of it stands for. Raises UsageError: a wrong call, where nothing has failed."""
    try:
        return store.entry(ALIASES.get(name, name))
    except ModelError as error:
        raise UsageError(error.message, error.hint) from error


def run_get(name: str, use: bool = False, config: str | None = None) -> int:
    """Downloads a model; stdout gets its path. `use`: the settings name it from now on. Raises ModelError."""
    from tui_assistant.config import load

    store = Store(offline=load(file=config).models.offline)
    entry = _entry(store, name)
    size = f"{entry.size / 1e6:.1f} MB" if entry.size else "size not known beforehand"
    click.echo(f"{entry.name}: {size}, {entry.licence}, {entry.source}", err=True)
    path = store.get(entry.name, _Progress().show)
    if not entry.known:
        click.echo(f"{entry.name}: no checksum is known; what came now is recorded and has to stay so", err=True)
    click.echo(os.fsencode(path))
    for key, value in chosen(entry.name).items():
        if use:
            from tui_assistant.commands import settings

            settings.set_value(key, value, config)
        click.echo(f"{key} = {value}" if use else f"to use it: tui-assistant config set {key} {value}", err=True)
    return 0


def chosen(name: str) -> dict[str, str]:
    """The settings that name the downloaded model `name`."""
    if name.startswith(PIPER_PREFIX):
        return {"models.synthesiser": "piper", "voice.name": name.removeprefix(PIPER_PREFIX)}
    ports = [port for port in (Port.RECOGNISER, Port.SYNTHESISER, Port.JUDGE) if name in registry.BUILT_IN[port]]
    return {f"models.{port}": "best" if port is Port.JUDGE else name for port in ports}


def run_remove(name: str) -> int:
    name = _entry(Store(), name).name
    gone = Store().remove(name)
    click.echo(f"{name}: {'removed' if gone else 'was not there'}", err=True)
    return 0


class _Progress:
    """A line on stderr for each tenth, or each 10 MB; not a bar, so that logs and screen readers can follow."""

    def __init__(self) -> None:
        self._step = -1

    def show(self, done: int, total: int) -> None:
        step = done * 10 // total if total else done // 10_000_000
        if step == self._step:
            return
        self._step = step
        if total:
            click.echo(f"{step * 10:3} %  {done / 1e6:.1f} of {total / 1e6:.1f} MB", err=True)
        else:
            click.echo(f"{done / 1e6:.1f} MB", err=True)
