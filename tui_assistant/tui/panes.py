"""Panes that others write, by name: an entry point of `tui_assistant.panes`, or a path, `module:Class`."""

from __future__ import annotations

import importlib
from importlib.metadata import entry_points

from textual.markup import escape

from tui_assistant.errors import ConfigError
from tui_assistant.runtime.api import Snapshot
from tui_assistant.safetext import clean
from tui_assistant.tui.widgets.pane import Pane

GROUP = "tui_assistant.panes"


def load(names: str) -> tuple[Pane, ...]:
    """One of each, in the order of `names`, which have commas between them. Raises ConfigError for what is no pane."""
    return tuple(_make(name) for name in dict.fromkeys(each.strip() for each in names.split(",")) if name)


def _make(name: str) -> Pane:
    installed = {entry.name: entry.value for entry in entry_points(group=GROUP)}
    path = name if ":" in name else installed.get(name, "")
    shown = clean(name, limit=60)
    if not path:
        known = ", ".join(sorted(installed)) or "none is installed"
        raise ConfigError(f"screen.panes: there is no pane called {shown!r}", f"there are: {clean(known, limit=200)}")
    module, _, attribute = path.partition(":")
    try:
        pane = getattr(importlib.import_module(module), attribute.strip())()
    except Exception as error:  # other people's code may raise anything; it becomes one line for the user
        raise ConfigError(
            f"screen.panes: {shown} does not start: {_words(error)}", "take it out, or mend it"
        ) from error
    if not isinstance(pane, Pane):
        raise ConfigError(f"screen.panes: {shown} is no Pane", f"derive it from {Pane.__module__}.Pane")
    pane.border_title = escape(clean(pane.title, limit=40))  # Textual reads titles as markup
    return pane


def update(pane: Pane, snapshot: Snapshot) -> str:
    """One frame of a pane that is seen. What it raises closes it, and is returned in words for the user."""
    if pane.is_attached and pane.size.width:
        try:
            pane.update(snapshot)
        except Exception as error:  # noqa: BLE001  # other people's code may raise anything; the conversation goes on
            pane.remove()
            return f"The pane {clean(pane.title, limit=40) or type(pane).__name__} was closed: {_words(error)}"
    return ""


def _words(error: Exception) -> str:
    return clean(f"{type(error).__name__}: {error}", limit=120)
