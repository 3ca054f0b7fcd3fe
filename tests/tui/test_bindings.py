from __future__ import annotations

from collections import Counter

import pytest
from textual.binding import Binding

from tui_assistant.tui.bindings import KEYS, Context, bar_of, bindings_of, keys_of
from tui_assistant.tui.screens.devices import DeviceScreen
from tui_assistant.tui.screens.fit import FitScreen
from tui_assistant.tui.screens.help import HelpScreen
from tui_assistant.tui.screens.main import MainScreen
from tui_assistant.tui.screens.presets import NameLine, PresetScreen
from tui_assistant.tui.screens.savesettings import SaveScreen
from tui_assistant.tui.screens.setup import SetupScreen
from tui_assistant.tui.screens.turncard import TurnCard
from tui_assistant.tui.widgets.conversation import Conversation
from tui_assistant.tui.widgets.scope import Scope
from tui_assistant.tui.widgets.tune import Tune
from tui_assistant.tui.widgets.typeline import FileLine, TypeLine

OWNERS = {
    Context.MAIN: MainScreen,
    Context.TUNE: Tune,
    Context.PRESETS: PresetScreen,
    Context.NAMING: NameLine,
    Context.SAVE: SaveScreen,
    Context.LINES: Conversation,
    Context.CARD: TurnCard,
    Context.SCOPE: Scope,
    Context.TYPE: TypeLine,
    Context.FILE: FileLine,
    Context.DEVICES: DeviceScreen,
    Context.SETUP: SetupScreen,
    Context.FIT: FitScreen,
    Context.HELP: HelpScreen,
}


@pytest.mark.parametrize("context", list(Context))
def test_no_key_stands_twice_in_a_context(context: Context) -> None:
    counts = Counter(name for key in keys_of(context) for name in key.keys)
    assert [name for name, count in counts.items() if count > 1] == []
    labels = Counter(key.label for key in keys_of(context))
    assert max(labels.values()) == 1


@pytest.mark.parametrize("context", list(Context))
def test_every_action_exists(context: Context) -> None:
    for key in keys_of(context):
        if context in (Context.TYPE, Context.FILE, Context.NAMING) and key.action == "send":
            continue  # enter is Textual's own binding of an Input
        assert hasattr(OWNERS[context], f"action_{key.action.split('(')[0]}"), key


def test_the_key_bar_is_as_designed() -> None:
    assert [(key.label, key.name) for key in bar_of(Context.MAIN)] == [
        ("space", "talk"),
        ("m", "mode"),
        ("t", "tune"),
        ("i", "type"),
        ("esc", "interrupt"),
        ("x", "mute"),
        ("?", "more"),
        ("q", "quit"),
    ]


def test_the_sliders_leave_the_talk_key_mode_and_quit_alone() -> None:
    taken = {name for key in keys_of(Context.TUNE) for name in key.keys}
    assert not taken & {"space", "m", "q", "x", "i", "d", "D", "question_mark", "f2", "p", "r", "w", "k", "F", "plus"}


def test_the_paused_scope_leaves_the_talk_key_zoom_mode_and_quit_alone() -> None:
    taken = {name for key in keys_of(Context.SCOPE) for name in key.keys}
    assert not taken & {"space", "m", "q", "x", "t", "plus", "minus", "question_mark", "f2"}


def test_bindings_come_from_the_table() -> None:
    made = {binding.key for binding in bindings_of(Context.MAIN) if isinstance(binding, Binding)}
    assert made == {name for key in keys_of(Context.MAIN) for name in key.keys}


def test_every_key_has_a_sentence() -> None:
    assert all(key.help.endswith(".") or key.help.endswith("...") for key in KEYS)
