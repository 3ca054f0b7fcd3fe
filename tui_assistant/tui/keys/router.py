"""Where a key goes: to the Talk at once, on the input thread, or to Textual as an ordinary key. Never to both.

The talk key goes to the Talk while `open` is True, which the screen keeps: False while a text field has the focus or a
dialog is open. A hold that has begun ends at the Talk whatever opens meanwhile; no release ever reaches Textual.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tui_assistant.client.hold import Edge, KeyEdge, Method
from tui_assistant.runtime.api import Keyboard
from tui_assistant.tui.keys.sequences import reports_release
from tui_assistant.tui.keys.terminal import help_line, normal, types_text

SETTLE_MS = 30.0  # a key may open a text field: until the screen has handled it, it decides about the next one
SAME_HOLD_MS = 200.0  # auto-repeat comes every 25 to 90 ms; nobody opens a text field and types into it that fast


@dataclass(frozen=True, slots=True)
class KeyWishes:
    """What the settings say of keys. Names as Textual's; `method` None: by what the terminal answers."""

    talk: str = "space"
    toggle: str = "f2"
    method: Method | None = None


class Listener(Protocol):
    """What the router needs of TalkApi."""

    def key(self, edge: KeyEdge) -> None: ...

    def blur(self) -> None: ...

    def use_keyboard(self, keyboard: Keyboard) -> None: ...


class Router:
    """Every method may be called from any thread."""

    def __init__(self, talk: Listener, wishes: KeyWishes | None = None, *, terminal: Callable[[], str] = str) -> None:
        """`terminal` finds out the terminal's name; may take a moment."""
        self.wishes = wishes or KeyWishes()
        self.open = False
        self.attached = False  # a driver reports edges; otherwise the screen's binding calls `pulse`
        self.misfit = ""  # why the key driver could not be used
        self.keyboard: Keyboard | None = None  # None: the terminal may still answer
        self._talk = talk
        self._terminal = terminal
        self._talk_key = normal(self.wishes.talk)
        self._toggle_key = normal(self.wishes.toggle)
        self._lock = threading.RLock()
        self._reports: bool | None = None  # the terminal tells of releases
        self._down: str | None = None  # code of the talk key while its press is the Talk's
        self._last_ms = -SAME_HOLD_MS  # of the newest edge that went to the Talk
        self._other_ms = -SETTLE_MS  # of the newest key that went to Textual
        self._elsewhere: set[str] = set()  # codes of keys that are down and Textual's; empty where releases are unknown
        self._late: tuple[str, float] | None = None  # a press that waits for the screen's word
        self._late_up: float | None = None  # ... and its release, if that came before
        self._console = False  # releases come beside the keys, so auto-repeat looks like presses (Windows)

    # -------------------------------------------------------------------------------------- the driver's calls

    def report(self, name: str, code: str, edge: Edge | None, at_ms: float) -> bool:
        """A key, on the input thread. `edge` None: the terminal does not say which. True: it is not Textual's."""
        with self._lock:
            if edge is Edge.RELEASE:
                self._elsewhere.discard(code)
                self._up(code, at_ms)
                return True
            if edge is Edge.REPEAT:
                if code == self._down:
                    self._send(Edge.REPEAT, at_ms)
                    return True
                if self._late is not None and code == self._late[0]:
                    return True
                if code in self._elsewhere:
                    return name == self._toggle_key  # held down, the toggle key is pressed once
                edge = Edge.PRESS  # kitty calls the first press after the focus came back a repeat
            taken = name == self._talk_key and self._press(code, edge, at_ms)
            if name != self._talk_key:
                self._other_ms = at_ms
            if self._reports and not taken:
                self._elsewhere.add(code)
            return taken

    def key_up(self, at_ms: float) -> None:
        """The talk key's release, where it comes beside the keys (Windows)."""
        with self._lock:
            code = self._down or (self._late[0] if self._late else None)
            if code is not None:
                self._up(code, at_ms)

    def blur(self) -> None:
        """The window lost the focus: a release may never come."""
        with self._lock:
            self._down = self._late = None
            self._elsewhere.clear()
            self._talk.blur()

    def attach(self) -> None:
        """A driver will report; what the terminal can is not known yet."""
        self.attached, self._reports = True, None

    def detach(self) -> None:
        """The terminal is given back, for good or while the program is suspended."""
        self.attached = False
        self.blur()

    def answered(self, flags: int) -> None:
        """The terminal's answer; may come late, and again."""
        self._settle(reports_release(flags, types_text(self._talk_key)))

    def released(self, reports: bool) -> None:
        """The system says by itself whether it reports releases of the talk key, with `key_up` (Windows)."""
        self._console = reports
        self._settle(reports)

    def no_answer(self) -> None:
        """Nothing came in time."""
        if self._reports is None:
            self._settle(False)

    # -------------------------------------------------------------------------------------- the screen's calls

    def pulse(self, at_ms: float) -> None:
        """The screen's binding of the talk key has fired. `at_ms`: when the key was read, in client time."""
        with self._lock:
            if not self.attached:
                self._send(Edge.PULSE, at_ms)
                return
            late, up = self._late, self._late_up
            self._late = self._late_up = None
            if late is None or abs(at_ms - late[1]) > SETTLE_MS:
                return  # the repeat of a key that was pressed elsewhere
            self._begin(late[0], None, late[1])
            if up is not None:
                self._up(late[0], up)

    def take(self, edge: KeyEdge) -> bool:
        """An edge of the talk key as a driver would report it, for tests. True: the Talk has it."""
        return self.report(self._talk_key, self._talk_key, edge.edge, edge.at_ms)

    def announce(self) -> None:
        """Tells the Talk what is known of the keyboard, if anything is."""
        if self.keyboard is not None:
            self._talk.use_keyboard(self.keyboard)

    # ----------------------------------------------------------------------------------------------- inside

    def _press(self, code: str, edge: Edge | None, at_ms: float) -> bool:
        if edge is None and self._console and self._down is not None:
            self._send(Edge.REPEAT, at_ms)
            return True
        if edge is None and self._reports is not True and at_ms - self._last_ms < SAME_HOLD_MS:
            self._send(Edge.PULSE, at_ms)  # of a hold that has begun, whatever has opened since
            return True
        if not self.open:
            return False
        if at_ms - self._other_ms < SETTLE_MS:
            self._late, self._late_up = (code, at_ms), None
            return False
        self._begin(code, edge, at_ms)
        return True

    def _begin(self, code: str, edge: Edge | None, at_ms: float) -> None:
        self._late = None
        self._down = code
        self._send(edge or (Edge.PRESS if self._knows else Edge.PULSE), at_ms)

    @property
    def _knows(self) -> bool:
        """A key without an event is a press, not a repeat."""
        return self._reports is True or self.wishes.method is Method.RELEASED

    def _up(self, code: str, at_ms: float) -> None:
        if code == self._down:
            self._down = None
            self._send(Edge.RELEASE, at_ms)
        elif self._late is not None and code == self._late[0]:
            self._late_up = at_ms

    def _send(self, edge: Edge, at_ms: float) -> None:
        if self.wishes.method is Method.INFERRED:  # by wish: as if the terminal said less than it does
            if edge is Edge.RELEASE:
                return
            edge = Edge.PULSE
        self._last_ms = at_ms
        self._talk.key(KeyEdge(edge, at_ms))

    def _settle(self, reports: bool) -> None:
        if self._reports is reports and self.keyboard is not None:
            return
        self._reports = reports
        method = self.wishes.method or (Method.RELEASED if reports else Method.INFERRED)
        terminal = self._terminal()
        why = help_line(method, terminal, toggle=self.wishes.toggle, reports=reports, misfit=self.misfit)
        self.keyboard = Keyboard(method, terminal, why)
        self.announce()
