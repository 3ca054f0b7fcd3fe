"""The terminal's name, the names of keys, and one line of help about both."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping

from tui_assistant.client.hold import Method

TMUX_ASKS_S = 1.0  # tmux answers within some milliseconds, or something is wrong with it
MAX_NAME = 40  # characters

# Variables that only one terminal sets. What is started inside inherits them, so inside tmux they say nothing.
_OWN_VARIABLES = {
    "KITTY_WINDOW_ID": "kitty",
    "WT_SESSION": "windows-terminal",
    "KONSOLE_VERSION": "konsole",
    "ALACRITTY_WINDOW_ID": "alacritty",
    "VTE_VERSION": "vte",
}
_VIRTUAL_KEYS = {  # https://learn.microsoft.com/windows/win32/inputdev/virtual-key-codes
    "backspace": 0x08, "tab": 0x09, "enter": 0x0D, "escape": 0x1B, "space": 0x20, "pageup": 0x21, "pagedown": 0x22,
    "end": 0x23, "home": 0x24, "left": 0x25, "up": 0x26, "right": 0x27, "down": 0x28, "insert": 0x2D, "delete": 0x2E,
    **{f"f{number}": 0x6F + number for number in range(1, 25)},
}  # fmt: skip


def terminal_name(environment: Mapping[str, str] = os.environ, ask_tmux: Callable[[], str] | None = None) -> str:
    """Under which its auto-repeat is remembered: "kitty", "xterm+tmux", "xterm+ssh".

    A multiplexer and a network between the keyboard and us change what arrives, so they are part of the name.
    """
    own = next((name for variable, name in _OWN_VARIABLES.items() if environment.get(variable)), "")
    term = environment.get("TERM", "")
    if environment.get("TMUX"):
        name = _short((ask_tmux or _client_of_tmux)()) + "+tmux"
    elif environment.get("STY"):
        name = _short(term.removeprefix("screen.")) + "+screen"
    else:
        name = own or _short(environment.get("TERM_PROGRAM", "").removesuffix(".app") or term)
    return name + ("+ssh" if environment.get("SSH_CONNECTION") else "")


def _short(name: str) -> str:
    """A name that is fit for a file: it comes from the environment."""
    name = re.sub(r"-(\d*color|direct|truecolor)$", "", name.strip().lower())
    return re.sub(r"[^a-z0-9._-]+", "-", name)[:MAX_NAME].strip("-.") or "terminal"


def _client_of_tmux() -> str:
    """What tmux itself runs in; "" when it does not say."""
    command = ["tmux", "display-message", "-p", "#{client_termname}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TMUX_ASKS_S, check=False)
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return ""
    return done.stdout if done.returncode == 0 else ""


def normal(key: str) -> str:
    """The key's name as Textual writes it: modifiers in its order."""
    *modifiers, last = key.strip().split("+") if len(key) > 1 else [key]
    last = last if len(last) == 1 and not modifiers else last.lower()
    return "+".join([*sorted(modifier.lower() for modifier in modifiers), last])


def types_text(key: str) -> bool:
    """Whether the key alone writes a character (or is a modifier): its release is reported only with all keys."""
    return "+" not in key and (key in ("space", "enter", "tab", "backspace") or key not in _VIRTUAL_KEYS)


def virtual_key(key: str) -> int | None:
    """Windows' code for the key; None where there is none that holds in every layout."""
    last = normal(key).rpartition("+")[2]
    if len(last) == 1 and last.isascii() and last.isalnum():
        return ord(last.upper())
    return _VIRTUAL_KEYS.get(last)


def help_line(method: Method, terminal: str, *, toggle: str, reports: bool, misfit: str = "") -> str:
    """What the user should know when the method isn't "released"; "" when it is."""
    other = toggle.upper() if re.fullmatch(r"f\d+", toggle) else toggle
    if method is Method.RELEASED:
        return ""
    if method is Method.TOGGLE:
        return f"Press the talk key (or {other}) to talk, press it again to send: so say the settings."
    if misfit:
        why = f"The key driver can't be used ({misfit})"
    elif reports:
        why = "The settings say so (keys.method)"
    elif terminal.endswith(("+tmux", "+screen")) or "+tmux+" in terminal or "+screen+" in terminal:
        why = ("tmux" if "+tmux" in terminal else "screen") + " hides key releases"
    else:
        why = f"{terminal.removesuffix('+ssh')} doesn't report key releases"
    return f"{why}: holding works, it ends when auto-repeat does; or press {other} to begin and to send."
