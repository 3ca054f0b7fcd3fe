"""Which driver stands between the terminal and Textual: ours, or the stock one when Textual is not what it was.

Our drivers use private names of Textual. Before they are used `fit` looks whether these names are there and do what
they did; the reason against it is shown on the screen and by `doctor`.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui_assistant.client.hold import Edge
from tui_assistant.tui.keys.rebound import PARSER

if TYPE_CHECKING:
    from textual.driver import Driver


@dataclass(frozen=True, slots=True)
class Choice:
    """`driver` is None, with the reason, when the stock driver has to do."""

    driver: type[Driver] | None
    reason: str = ""


def choose(stock: type[Driver]) -> Choice:
    """Our variant of the driver that Textual would use on this system."""
    name = f"{stock.__module__}.{stock.__qualname__}"
    if name not in _VARIANTS:
        return Choice(None, f"Textual was told to use {stock.__qualname__}")
    try:
        reason = fit(stock)
        return Choice(None, reason) if reason else Choice(_VARIANTS[name]())
    except Exception as error:  # noqa: BLE001  # whatever a changed Textual raises: the stock driver still works
        return Choice(None, f"Textual has changed: {type(error).__name__}")


def misfit() -> str:
    """Why our driver could not be used on this system, for `doctor`; "" when it can."""
    if sys.platform == "win32":
        from textual.drivers.windows_driver import WindowsDriver as Stock
    else:
        from textual.drivers.linux_driver import LinuxDriver as Stock
    return choose(Stock).reason


def fit(stock: type[Driver]) -> str:
    """Why this Textual can't be extended, in a few words; "" when it can."""
    from textual._xterm_parser import XTermParser

    parameters = list(inspect.signature(XTermParser._sequence_to_key_events).parameters)
    if parameters != ["self", "sequence", "alt"]:
        return "Textual's parser takes other arguments"
    if stock.__qualname__ == "WindowsDriver":
        changed = _missing(stock, "start_application_mode", {"win32"})
    else:
        changed = _missing(stock, "run_input_thread", {PARSER}) or _suspends(stock)
    return changed or _parses()


def _missing(stock: type[Driver], method: str, names: set[str]) -> str:
    """What `with_names` needs: a plain function that looks these names up in its module."""
    function = getattr(stock, method, None)
    code = getattr(function, "__code__", None)
    if code is None or code.co_freevars:
        return f"Textual's {stock.__qualname__}.{method} is not what it was"
    if not names <= set(code.co_names):
        return f"Textual's {stock.__qualname__}.{method} makes its parser in another way"
    return ""


def _suspends(stock: type[Driver]) -> str:
    """What posix.py needs to go on after the program was stopped."""
    begins = (base.__dict__.get("__init__") for base in stock.__mro__)
    kept = {name for begin in begins for name in getattr(getattr(begin, "__code__", None), "co_names", ())}
    there = all(hasattr(stock, name) for name in ("_sigtstp_application", "_sigcont_application"))
    if there and {"_auto_restart", "_must_signal_resume"} <= kept:
        return ""
    return f"Textual's {stock.__qualname__} is suspended in another way"


def _parses() -> str:
    """A press, a repeat and a release through the parser, and what is left for Textual of them."""
    from tui_assistant.tui.keys.parser import EdgeParser

    edges: list[Edge | None] = []
    flags: list[int] = []

    def report(name: str, _code: str, edge: Edge | None) -> bool:
        edges.append(edge)
        return edge is Edge.RELEASE or name == "x"

    parser = EdgeParser(report=report, answered=flags.append)
    sent = "\x1b[?27u\x1b[97;;97u\x1b[97;1:2;97u\x1b[97;1:3ux"
    keys = [getattr(event, "key", "") for event in parser.feed(sent)]
    expected = (["a", "a"], [None, Edge.REPEAT, Edge.RELEASE, None], [27])
    return "" if (keys, edges, flags) == expected else "Textual reads keys in another way"


def _posix() -> type[Driver]:
    from tui_assistant.tui.keys.posix import EdgeDriver

    return EdgeDriver


def _windows() -> type[Driver]:
    if sys.platform == "win32":
        from tui_assistant.tui.keys.windows import EdgeDriver

        return EdgeDriver
    raise LookupError("there is no Windows console on this system")


_VARIANTS: dict[str, Callable[[], type[Driver]]] = {
    "textual.drivers.linux_driver.LinuxDriver": _posix,
    "textual.drivers.windows_driver.WindowsDriver": _windows,
}
