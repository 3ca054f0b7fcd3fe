"""Who detects turns when the model is elsewhere: the server, or this machine; changed while one talks."""

from __future__ import annotations

from collections.abc import Callable

from tui_assistant.links.base import Link
from tui_assistant.links.local_turns import LocalTurns
from tui_assistant.runtime.tuner import Tuner

_SAID = {
    "here": "Turns are detected here now: only speech is sent.",
    "there": "The server detects turns now; what the scope shows of ours is an estimate.",
}


class TurnsChoice:
    """All calls come from the Talk thread."""

    def __init__(self, link: Link, tuner: Tuner, tell: Callable[[str, str], None]) -> None:
        """`link`: without the recorder's tap around it."""
        self._link = link if isinstance(link, LocalTurns) else None
        self._tuner = tuner
        self._tell = tell
        self._known = self.where

    @property
    def where(self) -> str:
        """ "here" or "there"; empty where there is no choice."""
        return self._link.turns if self._link is not None else ""

    def switch(self) -> None:
        """The other one, from the next turn on."""
        if self._link is None:
            self._tell("Turns are detected here: so is all the rest of this conversation.", "information")
        elif not self._link.switch("there" if self._link.wanted == "here" else "here"):
            self._tell("From the next turn on.", "information")
        self.look()

    def look(self) -> None:
        """Called at every poll: a change waits for the end of a turn, and a server may insist on its own."""
        if self._known != self.where:
            self._known = self.where
            self._tell(_SAID[self.where], "information")
            self._tuner.again()  # our own engine knows values that a server does not
