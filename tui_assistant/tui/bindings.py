"""The one table of keys: the key bar, the help screen and Textual's bindings are made from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from tui_assistant.tui.keys.names import DEFAULT_KEYS, TalkKeys

if TYPE_CHECKING:
    from textual.binding import BindingType


class Context(StrEnum):
    """Where a key acts. MAIN also acts while TUNE, SCOPE or LINES has the focus, unless that takes the key itself."""

    MAIN = "On the main screen"
    TUNE = "On the sliders"
    PRESETS = "In the presets"
    NAMING = "While naming a preset"
    SAVE = "Before saving"
    LINES = "In the transcript"
    CARD = "In the card of a turn"
    SCOPE = "In the paused scope"
    TYPE = "While typing"
    FILE = "While naming the transcript"
    DEVICES = "In the device list"
    SETUP = "In the setup"
    FIT = "Before fitting"
    HELP = "In this help"


# Each hides the main screen. The setup does, too, but there is nothing to be said in it.
DIALOGS = (Context.PRESETS, Context.SAVE, Context.CARD, Context.DEVICES, Context.FIT, Context.HELP)


@dataclass(frozen=True, slots=True)
class Key:
    context: Context
    keys: tuple[str, ...]  # as Textual names them
    label: str  # as drawn
    action: str
    name: str  # the word on the key bar; "" = not on the bar
    help: str  # one sentence


M, T, L, D, H = Context.MAIN, Context.TUNE, Context.TYPE, Context.DEVICES, Context.HELP
P, N, S, X, C = Context.PRESETS, Context.NAMING, Context.SAVE, Context.LINES, Context.CARD
K, F, W = Context.SETUP, Context.FIT, Context.FILE
O = Context.SCOPE  # noqa: E741  # one letter each, so that the table stays a table
DIGITS = tuple("0123456789")

KEYS: tuple[Key, ...] = (
    Key(
        M, ("space",), "space", "talk", "talk", "Hold it and speak, let go to send. A tap latches: the next tap sends."
    ),
    Key(M, ("f2",), "F2", "switch", "", "Talks without holding, everywhere: press it, speak, press it again to send."),
    Key(M, ("m",), "m", "mode", "mode", "Changes between HANDS-FREE and PUSH-TO-TALK."),
    Key(M, ("v",), "v", "turns", "", "On a link: detects turns here, so that only speech is sent, or there again."),
    Key(M, ("t",), "t", "tune", "tune", "Goes to the sliders of turn detection; they act at once."),
    Key(M, ("i",), "i", "type", "type", "Types a message instead of speaking it."),
    Key(M, ("escape",), "esc", "interrupt", "interrupt", "Stops the running answer."),
    Key(M, ("n",), "n", "anew", "", "Begins a new conversation: what was said is forgotten, settings and timers stay."),
    Key(M, ("x",), "x", "mute", "mute", "Mutes the microphone, or listens again."),
    Key(M, ("question_mark", "f1"), "?", "help", "more", "Shows this help."),
    Key(M, ("q", "ctrl+q"), "q", "quit", "quit", "Ends the program."),
    Key(M, ("j",), "j", "lines", "", "Goes into the transcript: choose a turn, see why it began and ended, mark it."),
    Key(M, ("r",), "r", "record", "", "Records the session in a folder of its own, or ends that."),
    Key(
        M,
        ("w",),
        "w",
        "transcript",
        "",
        "Saves the conversation: .md, .txt, .srt or .json.",
    ),
    Key(M, ("d",), "d", "devices", "", "Chooses microphone and speaker."),
    Key(M, ("k",), "k", "setup", "", "Sets up microphone, room, keyboard and speakers, in 45 seconds."),
    Key(M, ("F",), "F", "fit", "", "Looks for values that would not have made the errors that you have marked."),
    Key(M, ("D",), "D", "demo", "", "Plays a recorded demo as the microphone."),
    Key(M, ("p",), "p", "pause", "", "Pauses the scope: a cursor goes back over the last two minutes."),
    Key(M, ("plus", "equals_sign"), "+", "zoom('in')", "", "Shows fewer seconds in the scope, larger."),
    Key(M, ("minus",), "-", "zoom('out')", "", "Shows more seconds, up to two minutes."),
    Key(M, ("pageup",), "pgup", "scroll('page_up')", "", "Scrolls the conversation back."),
    Key(M, ("pagedown",), "pgdn", "scroll('page_down')", "", "Scrolls it forward."),
    Key(M, ("up",), "↑", "scroll('up')", "", "One line back."),
    Key(M, ("down",), "↓", "scroll('down')", "", "One line forward."),
    Key(M, ("home",), "home", "scroll('home')", "", "To its beginning."),
    Key(M, ("end",), "end", "scroll('end')", "", "To its end, and stays there."),
    Key(M, ("ctrl+c",), "ctrl+c", "copy_or_quit", "", "Copies what the mouse has selected; without a selection, ends."),
    Key(T, ("up", "down"), "↑↓", "choose", "", "Chooses a slider."),
    Key(T, ("left", "right"), "←→", "step", "change", "Changes its value by a small step."),
    Key(T, ("shift+left", "shift+right"), "⇧←→", "leap", "", "Changes its value by a big step."),
    Key(T, ("home", "end"), "home end", "edge", "", "Goes to the end of its range."),
    Key(T, (*DIGITS, "full_stop"), "0-9", "digit", "", "Types a value ..."),
    Key(T, ("minus",), "-", "minus", "", "... a negative one for the gain ..."),
    Key(T, ("backspace",), "⌫", "rub", "", "... takes back its last digit ..."),
    Key(T, ("enter",), "enter", "accept", "", "... and sets it."),
    Key(T, ("n",), "n", "presets", "presets", "Chooses a named set of values, or keeps these under a name."),
    Key(T, ("a",), "a", "advanced", "advanced", "Shows hysteresis, min_speech_ms, tail_ms and gain_db, or hides them."),
    Key(T, ("u", "ctrl+z"), "u", "undo", "undo", "Takes the last change back."),
    Key(T, ("U", "ctrl+y"), "U", "redo", "", "Makes it again."),
    Key(T, ("z", "delete"), "z", "reset", "reset", "Sets this value to its default."),
    Key(T, ("Z",), "Z", "reset_all", "", "Sets all values to their defaults."),
    Key(T, ("s", "ctrl+s"), "s", "save", "save", "Saves the values to config.toml, after showing what changes there."),
    Key(T, ("escape", "t"), "esc", "leave", "leave", "Leaves the sliders."),
    Key(P, ("up", "down"), "↑↓", "move", "choose", "Moves in the list."),
    Key(P, ("enter",), "enter", "take", "use it", "Sets its values at once."),
    Key(P, ("s",), "s", "name", "save these", "Keeps the values in force under a name of your own."),
    Key(P, ("escape", "n", "q"), "esc", "leave", "close", "Closes the list."),
    Key(N, ("enter",), "enter", "send", "keep", "Keeps the values in force under that name."),
    Key(N, ("escape",), "esc", "leave", "back", "Back to the list."),
    Key(S, ("enter",), "enter", "take", "save", "Writes the values to config.toml."),
    Key(S, ("up", "down"), "↑↓", "scroll", "", "Scrolls."),
    Key(S, ("escape", "q"), "esc", "leave", "leave it", "Leaves the file as it is."),
    Key(X, ("up", "down"), "↑↓", "choose", "choose", "Chooses a line."),
    Key(X, ("home", "end"), "home end", "edge", "", "Goes to the first or the last line."),
    Key(X, ("enter",), "enter", "card", "why", "Opens the card of its turn: why it began and ended."),
    Key(X, ("c",), "c", "mark('cut_off')", "cut off", 'Marks the turn: "it cut me off".'),
    Key(X, ("s",), "s", "mark('too_slow')", "too slow", 'Marks the turn: "it waited too long".'),
    Key(X, ("f",), "f", "mark('not_speech')", "not speech", 'Marks the turn: "nobody spoke".'),
    Key(X, ("u",), "u", "mark('')", "unmark", "Takes the mark back."),
    Key(X, ("g",), "g", "show", "scope", "Shows the turn in the scope."),
    Key(X, ("escape", "j"), "esc", "leave", "leave", "Leaves the transcript."),
    Key(C, ("left", "right"), "←→", "turn", "other turn", "Shows the turn before or behind it."),
    Key(C, ("up", "down"), "↑↓", "scroll", "", "Scrolls."),
    Key(C, ("c",), "c", "mark('cut_off')", "cut off", 'Marks the turn: "it cut me off".'),
    Key(C, ("s",), "s", "mark('too_slow')", "too slow", 'Marks the turn: "it waited too long".'),
    Key(C, ("f",), "f", "mark('not_speech')", "not speech", 'Marks the turn: "nobody spoke".'),
    Key(C, ("u",), "u", "mark('')", "unmark", "Takes the mark back."),
    Key(C, ("g",), "g", "show", "scope", "Shows the turn in the scope."),
    Key(C, ("escape", "enter", "j", "q"), "esc", "leave", "close", "Closes the card."),
    Key(O, ("left", "right"), "←→", "move", "move", "Moves the cursor by a column; its figures stand below the lanes."),
    Key(O, ("shift+left", "shift+right"), "⇧←→", "leap", "", "Moves it by ten columns."),
    Key(O, ("up", "down"), "↑↓", "turn", "turns", "Goes to where the turn before begins, or the next one."),
    Key(O, ("pageup", "pagedown"), "pgup pgdn", "page", "", "Moves by what is in view."),
    Key(O, ("home", "end"), "home end", "edge", "", "Goes to the oldest moment; end follows what is heard."),
    Key(O, ("escape", "p"), "esc", "leave", "go on", "Goes on."),
    Key(L, ("enter",), "enter", "send", "send", "Sends the line and asks for an answer."),
    Key(L, ("escape",), "esc", "leave", "leave", "Leaves without sending."),
    Key(W, ("enter",), "enter", "send", "save", "Saves the conversation; by its suffix: .md, .txt, .srt or .json."),
    Key(W, ("escape",), "esc", "leave", "leave", "Leaves without saving."),
    Key(D, ("up", "down"), "↑↓", "move", "choose", "Moves in the list."),
    Key(D, ("left", "right"), "←→", "side", "microphone / speaker", "Changes between microphones and speakers."),
    Key(D, ("enter",), "enter", "take", "use it", "Uses the device at once and remembers it."),
    Key(D, ("escape", "d", "q"), "esc", "leave", "close", "Closes the list."),
    Key(K, ("enter",), "enter", "next", "go on", "Begins, goes on; on the result: accepts it."),
    Key(K, ("s",), "s", "skip", "skip", "Goes on without this step."),
    Key(K, ("a",), "a", "adjust", "adjust", "On the result: accepts it and opens the sliders."),
    Key(K, ("r",), "r", "again", "again", "On the result: measures again."),
    Key(K, ("v",), "v", "voice", "voice", "On the result: counts the assistant's own voice, where it can start turns."),
    Key(K, ("g",), "g", "fetch", "get it", "On the models: downloads the marked one, and uses it. esc stops it."),
    Key(K, ("up", "down"), "↑↓", "scroll", "", "Scrolls; on the models: marks one."),
    Key(K, ("escape", "q"), "esc", "leave", "leave", "Leaves; all stays as it was."),
    Key(F, ("enter",), "enter", "take", "use them", "Sets the values at once."),
    Key(F, ("escape", "F", "q"), "esc", "leave", "leave", "Leaves; all stays as it was."),
    Key(H, ("up", "down"), "↑↓", "scroll", "scroll", "Scrolls."),
    Key(H, ("escape", "question_mark", "f1", "q"), "esc", "leave", "close", "Closes this help."),
)


def keys_of(context: Context, talk: TalkKeys = DEFAULT_KEYS) -> tuple[Key, ...]:
    """The table's part for that context, with the talk keys as the settings name them."""
    return tuple(_named(key, talk) for key in KEYS if key.context is context)


def _named(key: Key, talk: TalkKeys) -> Key:
    match key.action:
        case "talk":
            return replace(key, keys=(talk.talk,), label=talk.talk_label)
        case "switch":
            return replace(key, keys=(talk.toggle,), label=talk.toggle_label)
        case _:
            return key


def bar_of(context: Context, talk: TalkKeys = DEFAULT_KEYS) -> tuple[Key, ...]:
    """What the key bar shows there. On the sliders and in the scope the talk key and quitting still work, and are shown
    behind."""
    own = tuple(key for key in keys_of(context, talk) if key.name)
    if context in (Context.TUNE, Context.SCOPE):
        return own + tuple(key for key in keys_of(Context.MAIN, talk) if key.action in ("talk", "quit"))
    return own


def bindings_of(context: Context, skip: tuple[str, ...] = ()) -> list[BindingType]:
    """Textual's bindings of that context. An action of several keys that differ gets the key as its argument. The talk
    keys have ids, by which the app's keymap gives them other keys."""
    from textual.binding import Binding  # here, so that the help text needs no Textual

    result: list[BindingType] = []
    for key in keys_of(context):
        if key.action in skip:
            continue
        directed = context is not Context.MAIN and key.action in NEEDS_KEY
        for name in key.keys:
            action = f"{key.action}('{name}')" if directed else key.action
            rebound = {"talk": "talk", "switch": "toggle"}.get(key.action)
            result.append(Binding(name, action, key.name or key.help, show=False, id=rebound))
    if context in DIALOGS:  # the main screen's bindings do not reach through
        result += [Binding(DEFAULT_KEYS.toggle, "app.switch", show=False, id="toggle")]
    return result


# Actions of several keys, to which the key says the direction.
NEEDS_KEY = {"choose", "step", "leap", "edge", "digit", "move", "side", "scroll", "turn", "page"}
