"""Which models there are, and how one is made.

A model is a `create(options)` function. The built-in ones stand in a table, so that they work from a source tree too;
others come from installed packages through the entry-point groups `tui_assistant.detectors`, `.recognisers`,
`.responders`, `.synthesisers` and `.judges`; a name with a colon is a path, `module:function`.
Importing this module imports no model, no numpy and no metadata.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, overload

from tui_assistant.errors import AssistantError, ModelError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from tui_assistant.engine.ports import Recogniser, Responder, SpeechDetector, Synthesiser, TurnJudge

Options = Mapping[str, Any]


class Port(StrEnum):
    """What a model does; the value is the word for the user."""

    DETECTOR = "detector"
    RECOGNISER = "recogniser"
    RESPONDER = "responder"
    SYNTHESISER = "synthesiser"
    JUDGE = "judge"


_MODELS = "tui_assistant.models"
BUILT_IN: dict[Port, dict[str, str]] = {
    Port.DETECTOR: {
        "silero": f"{_MODELS}.detectors.silero:create",
        "webrtc": f"{_MODELS}.detectors.webrtc:create",
        "energy": f"{_MODELS}.detectors.energy:create",
    },
    Port.RECOGNISER: {
        "pocketsphinx": f"{_MODELS}.recognisers.pocketsphinx:create",
        "best": f"{_MODELS}.recognisers.best:create",
        "moonshine-tiny": f"{_MODELS}.recognisers.moonshine:create_tiny",
        "moonshine-small": f"{_MODELS}.recognisers.moonshine:create_small",
        "moonshine-batch": f"{_MODELS}.recognisers.moonshine:create_batch",
        "transcriptions": f"{_MODELS}.recognisers.transcriptions:create",
    },
    Port.RESPONDER: {
        "skills": f"{_MODELS}.responders.skills:create",
        "chat": f"{_MODELS}.responders.chat:create",
        "fallback": f"{_MODELS}.responders.fallback:create",
        "tools": f"{_MODELS}.responders.with_tools:create",
    },
    Port.SYNTHESISER: {
        "espeak": f"{_MODELS}.synthesisers.espeak:create",
        "best": f"{_MODELS}.synthesisers.best:create",
        "piper": f"{_MODELS}.synthesisers.piper:create",
        "kokoro": f"{_MODELS}.synthesisers.kokoro:create",
        "speech": f"{_MODELS}.synthesisers.speech:create",
    },
    Port.JUDGE: {
        "best": f"{_MODELS}.judges.best:create",
        "words": f"{_MODELS}.judges.words:create",
        "smart-turn": f"{_MODELS}.judges.smart_turn:create",
    },
}

# What keeps libraries from telling their makers of their use: onnxruntime (seen in 1.31) does, unasked (it keeps
# ~/.cache/Microsoft/DeveloperTools for it); the hub's library would. Set before a model is imported, and in workers.
NO_TELEMETRY: Mapping[str, str] = {"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"}
# Which line of pip brings a library that one of our own adapters imports.
_EXTRAS = {
    "pocketsphinx": "local",
    "espeakng_loader": "local",
    "onnxruntime": "semantic",
    "moonshine_voice": "moonshine",
    "piper": "piper",
    "kokoro_onnx": "kokoro",
}
# What takes the place of a model that is missing or damaged, best first.
NEXT_BEST: Mapping[Port, tuple[str, ...]] = {
    Port.RECOGNISER: ("moonshine-small", "moonshine-tiny", "moonshine-batch", "pocketsphinx"),
    Port.SYNTHESISER: ("piper", "kokoro", "espeak"),
    Port.JUDGE: ("words",),
}
_MESSAGE_LIMIT = 200  # characters of a plugin's own error text: enough to recognise it, still one line


def names(port: Port) -> tuple[str, ...]:
    """All names that `create` knows for `port`: the built-in ones first, then those of installed packages."""
    return tuple(dict.fromkeys([*BUILT_IN[port], *sorted(_installed(port))]))


def check(port: Port, name: str) -> None:
    """Raises ModelError for a name that `create` does not know. Nothing is loaded, so that it may fail all the same."""
    if ":" in name or name in BUILT_IN[port]:  # the usual case, without a look at all that is installed
        return
    if name not in (known := names(port)):
        raise ModelError(f"there is no {port} called {name!r}", f"there are: {', '.join(known)}")


@overload
def create(port: Literal[Port.DETECTOR], name: str, options: Options | None = ...) -> SpeechDetector: ...
@overload
def create(port: Literal[Port.RECOGNISER], name: str, options: Options | None = ...) -> Recogniser: ...
@overload
def create(port: Literal[Port.RESPONDER], name: str, options: Options | None = ...) -> Responder: ...
@overload
def create(port: Literal[Port.SYNTHESISER], name: str, options: Options | None = ...) -> Synthesiser: ...
@overload
def create(port: Literal[Port.JUDGE], name: str, options: Options | None = ...) -> TurnJudge: ...
@overload
def create(port: Port, name: str, options: Options | None = ...) -> Any: ...
def create(port: Port, name: str, options: Options | None = None) -> Any:
    """A new adapter. Raises ModelError, fit to be shown, for an unknown name, a missing library or a broken plugin."""
    try:
        factory = _factory(port, name)
        return factory(dict(options or {}))
    except AssistantError:
        raise
    except ImportError as error:
        raise _missing(port, name, error) from error
    except Exception as error:  # a plugin may raise anything; it becomes one line for the user
        raise ModelError(
            f"the {port} {name} does not start: {describe(error)}", _mend(port, name) or "see `tui-assistant doctor`"
        ) from error


def first(
    port: Port, wanted: str, options: Options, others: Sequence[str], tell: Callable[[str], None] = lambda line: None
) -> Any:
    """The adapter `wanted`, made with `options`; where that cannot be had, the first of `others` that can.

    `tell` gets a line at once when something else has to be looked for. `wanted` may be empty: then `others` are what
    is wanted. Raises the AssistantError about what was wanted where none can be had.
    """
    failure: AssistantError | None = None
    names = list(dict.fromkeys([wanted, *others] if wanted else others))
    for name in names:
        try:
            return create(port, name, options if name == wanted else None)
        except AssistantError as error:
            if failure is None and wanted and len(names) > 1:
                tell(f"{error}; the next best {port} takes the place of {wanted}")
            failure = failure or error
    raise failure or ModelError(f"there is no {port} to choose from")


def describe(error: BaseException) -> str:
    """The error in one line: its type, and the first line of its text if there is one."""
    first = next(iter(str(error).strip().splitlines()), "")
    kind = type(error).__name__
    return f"{kind}: {first}"[:_MESSAGE_LIMIT] if first else kind


def _factory(port: Port, name: str) -> Callable[[dict[str, Any]], Any]:
    check(port, name)
    path = name if ":" in name else BUILT_IN[port].get(name) or _installed(port)[name].value
    module_name, _, attribute = path.partition(":")
    os.environ.update(NO_TELEMETRY)
    factory = getattr(importlib.import_module(module_name), attribute.strip(), None)
    if not callable(factory):
        raise ModelError(f"the {port} {name} is broken: {path} is not a function", _mend(port, name))
    return factory  # type: ignore[no-any-return]  # an entry point's type cannot be known


def _missing(port: Port, name: str, error: ImportError) -> ModelError:
    library = (error.name or "").partition(".")[0]
    if library in _EXTRAS:
        hint = f"pip install 'tui-assistant[{_EXTRAS[library]}]'"
    elif library == "tui_assistant" or not library:
        hint = _mend(port, name) or "install tui-assistant again: a file of it is missing"
    else:
        hint = f"install the package that brings `import {library}`"
    what = f"the library {library}" if library else "a library"
    if isinstance(error, ModuleNotFoundError):
        return ModelError(f"the {port} {name} needs {what}, which is not installed", hint)
    return ModelError(f"the {port} {name} cannot load {what}: {describe(error)}", hint)


def _installed(port: Port) -> dict[str, EntryPoint]:
    # Here, because importlib.metadata brings email and zipfile along and the built-in names do not need it.
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=f"tui_assistant.{port}s")}


def _mend(port: Port, name: str) -> str:
    if name in BUILT_IN[port] or ":" in name:
        return ""
    entry = _installed(port).get(name)
    package = entry.dist.name if entry is not None and entry.dist is not None else ""
    return f"update or remove the package {package}" if package else ""
