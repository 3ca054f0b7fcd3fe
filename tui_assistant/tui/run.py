"""Runs the screen in a terminal: with signals, the exit status, and the terminal as it was before."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from types import FrameType
from typing import TYPE_CHECKING, Any

from tui_assistant.errors import UsageError
from tui_assistant.runtime.api import TalkApi
from tui_assistant.safetext import clean
from tui_assistant.tui.signals import handled_by

if TYPE_CHECKING:
    from tui_assistant.tui.keys.router import KeyWishes

LAST_RESORT_SECONDS = 3.0  # a terminal that has gone can block the orderly way out, closing included (1.5 s)
# Mouse, focus, paste and resize reports off, keyboard flags back, main screen, cursor and line wrap on.
RESTORE = (
    "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[?2048l\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?7h"
)


def run_app(
    talk: TalkApi, *, theme: str | None = None, keys: KeyWishes | None = None, panes: str = "", mouse: bool = True
) -> int:
    """The exit status: 0 after `q`, that of Ended, or 128 + the signal's number. Closes the Talk.

    Raises UsageError without a terminal, ConfigError for an unknown theme or pane.
    """
    if sys.__stdin__ is None or sys.__stderr__ is None or not (sys.__stdin__.isatty() and sys.__stderr__.isatty()):
        raise UsageError("The screen needs a terminal on stdin and stderr", "use --plain in pipes and logs")
    from tui_assistant.tui.app import AssistantApp  # Textual takes 0.3 s to import

    app = AssistantApp(talk, theme=theme, keys=keys, panes=panes)
    attributes = _terminal_attributes()
    signalled: list[int] = []
    last_resort = threading.Timer(LAST_RESORT_SECONDS, lambda: _end_now(attributes, signalled[0]))
    last_resort.daemon = True

    def stop(number: int, _frame: FrameType | None) -> None:
        """The first signal asks the app to end; the second ends it."""
        signalled.append(128 + number)
        if len(signalled) > 1:
            _end_now(attributes, signalled[0])
        last_resort.start()
        app.end_soon(signalled[0])

    with handled_by(stop):
        try:
            app.run(mouse=mouse)
        finally:
            talk.close()
            last_resort.cancel()
            if signalled:
                _restore(attributes)
    if app.ended_reason:
        _say(clean(app.ended_reason))
    return signalled[0] if signalled else (app.return_code or 0)


def _terminal_attributes() -> list[Any] | None:
    """What tcgetattr says of stdin; None where there is no termios (Windows) or no answer."""
    try:
        import termios
    except ImportError:
        return None
    try:
        return termios.tcgetattr(0)
    except termios.error:
        return None


def _restore(attributes: list[Any] | None) -> None:
    """Sets the terminal back by hand; all of it may be set back already, and the terminal may be gone."""
    if attributes is not None:
        import termios

        with contextlib.suppress(termios.error):
            termios.tcsetattr(0, termios.TCSANOW, attributes)


def _end_now(attributes: list[Any] | None, status: int) -> None:
    """For when the orderly way hangs, e.g. in a write to a terminal that has gone."""
    _restore(attributes)
    if sys.__stderr__ is not None:
        with contextlib.suppress(OSError, ValueError):
            os.write(sys.__stderr__.fileno(), RESTORE.encode())
    os._exit(status)


def _say(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        print(text, file=sys.__stderr__, flush=True)
