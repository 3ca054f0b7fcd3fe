"""`tui-assistant doctor --keys`: what this terminal tells of a held key, shown while the user holds it.

It runs the same parser and router as the screen, without the screen.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import select
import statistics
import sys
import time
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tui_assistant.client.hold import Edge, KeyEdge, Method
from tui_assistant.config import Settings
from tui_assistant.errors import UsageError
from tui_assistant.runtime.api import Keyboard
from tui_assistant.safetext import clean
from tui_assistant.tui.keys.sequences import (
    ANSWER_S,
    ASK_FLAGS,
    POP_FLAGS,
    PUSH_FLAGS,
    flags_answer,
    reports_release,
    tokens,
)
from tui_assistant.tui.keys.terminal import help_line, normal, terminal_name, types_text

if TYPE_CHECKING:
    from tui_assistant.tui.keys.router import KeyWishes

IDLE_S = 60.0  # then nobody is there any more
NEW_HOLD_MS = 900.0  # the first repeat comes within 800 ms; what comes later is another press
FOCUS_REPORTS_ON, FOCUS_REPORTS_OFF = "\x1b[?1004h", "\x1b[?1004l"


@dataclass(slots=True)
class Trace:
    """The edges of the talk key, in the order of their arrival."""

    edges: list[KeyEdge] = field(default_factory=list)

    def add(self, edge: KeyEdge) -> str:
        """The line that shows it."""
        gap = edge.at_ms - self.edges[-1].at_ms if self.edges else None
        begins = edge.edge is Edge.PRESS or (edge.edge is Edge.PULSE and (gap is None or gap > NEW_HOLD_MS))
        self.edges.append(edge)
        if begins or gap is None:
            return f"  {'':>9}  {edge.edge}"
        return f"  {gap:+6.0f} ms  {edge.edge}"

    def holds(self) -> list[list[float]]:
        """Times of the presses and repeats of each hold."""
        result: list[list[float]] = []
        for before, edge in zip([None, *self.edges], self.edges, strict=False):
            if edge.edge is Edge.RELEASE:
                continue
            late = before is None or edge.at_ms - before.at_ms > NEW_HOLD_MS
            if edge.edge is Edge.PRESS or late or (before is not None and before.edge is Edge.RELEASE):
                result.append([])
            result[-1].append(edge.at_ms)
        return result

    def figures(self) -> str:
        """One line about auto-repeat."""
        held = [times for times in self.holds() if len(times) > 2]
        if not held:
            return "no auto-repeat was seen: hold the key for about 2 seconds"
        first = max(times[1] - times[0] for times in held)
        gaps = sorted(b - a for times in held for a, b in itertools.pairwise(times[1:]))
        p95 = gaps[math.ceil(0.95 * len(gaps)) - 1]
        return (
            f"first repeat after {first:.0f} ms, then every {statistics.median(gaps):.0f} ms "
            f"(95 of 100 within {p95:.0f} ms, {len(gaps)} seen)"
        )


def run(settings: Settings) -> int:
    """0, or 130 when ctrl-c ended it. Raises UsageError without a terminal that can be asked."""
    if not _is_terminal():
        raise UsageError("doctor --keys needs a terminal on stdin and stdout", "run it in the terminal you will use")
    if sys.platform == "win32":
        raise UsageError("doctor --keys is for Linux and macOS", "on Windows the console reports key releases")
    from tui_assistant.tui.keys.router import KeyWishes

    keys = settings.keys
    wishes = KeyWishes(keys.talk, keys.toggle, None if keys.method == "auto" else Method(keys.method))
    with raw_terminal():
        return _Probe(wishes, sys.stdin.fileno(), _say).run()


def _is_terminal() -> bool:
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def _say(text: str) -> None:
    print(clean(text), flush=True)


class _Probe:
    """Implements what the router needs of TalkApi."""

    def __init__(self, wishes: KeyWishes, fd: int, say: Callable[[str], None]) -> None:
        from tui_assistant.tui.keys.parser import EdgeParser  # Textual takes 0.3 s to import
        from tui_assistant.tui.keys.router import Router

        self._fd, self._say, self._wishes = fd, say, wishes
        self._trace = Trace()
        self._status: int | None = None
        self._parser = EdgeParser(report=self._report, answered=self._answered)
        self._router = Router(self, wishes, terminal=terminal_name)
        self._router.attach()
        self._router.open = True

    def run(self) -> int:
        decode = getincrementaldecoder("utf-8")(errors="replace").decode
        asked = heard = time.monotonic()
        while self._status is None:
            readable = bool(select.select([self._fd], [], [], 0.05)[0])
            now = time.monotonic()
            if self._router.keyboard is None and now - asked > ANSWER_S:
                self._say(f"asked    : no answer to CSI ? u within {ANSWER_S * 1000:.0f} ms")
                self._router.no_answer()
            if readable:
                data = os.read(self._fd, 4096)
                if not data:
                    break
                heard = now
                for _ in self._parser.feed(decode(data)):
                    pass  # what is a key of Textual's is looked at in _report
            elif now - heard > IDLE_S:
                break
            for _ in self._parser.tick():
                pass
        self._say(f"repeats  : {self._trace.figures()}")
        return self._status or 0

    def key(self, edge: KeyEdge) -> None:
        self._say(self._trace.add(edge))

    def blur(self) -> None:
        self._say("  the window lost the focus")

    def use_keyboard(self, keyboard: Keyboard) -> None:
        self._say(f"terminal : {keyboard.terminal}")
        self._say(f"method   : {keyboard.method}. {meaning(keyboard)}")
        key = self._wishes.talk
        self._say(f"Hold {key} for 2 seconds, let it go, then tap it some times. Any other key ends.")

    def _answered(self, flags: int) -> None:
        self._say(f"asked    : the terminal has the keyboard flags {flags} in force")
        self._router.answered(flags)

    def _report(self, name: str, code: str, edge: Edge | None) -> bool:
        taken = self._router.report(name, code, edge, time.monotonic() * 1000)
        if not taken and edge is not Edge.REPEAT and name and not name.startswith(("left_", "right_")):
            self._status = 130 if name == "ctrl+c" else 0
        return True


def meaning(keyboard: Keyboard) -> str:
    """What the method means for the user, in one line."""
    return keyboard.why or "The terminal reports when a key is let go: holding to talk is exact."


def method(settings: Settings) -> Keyboard:
    """What the screen would use in this terminal; asks it, which takes up to ANSWER_S."""
    from tui_assistant.tui.keys.driver import misfit

    keys = settings.keys
    wrong = misfit()
    flags = None if wrong or sys.platform == "win32" else _ask()
    reports = sys.platform == "win32" if flags is None else reports_release(flags, types_text(normal(keys.talk)))
    reports = reports and not wrong
    by_answer = Method.RELEASED if reports else Method.INFERRED
    chosen = by_answer if keys.method == "auto" else Method(keys.method)
    name = terminal_name()
    return Keyboard(chosen, name, help_line(chosen, name, toggle=keys.toggle, reports=reports, misfit=wrong))


def _ask() -> int | None:
    """The flags that the terminal has in force after ours were pushed; None when it does not answer."""
    if not _is_terminal():
        return None
    fd, found = sys.stdin.fileno(), ""
    with raw_terminal():
        deadline = time.monotonic() + ANSWER_S
        while (left := deadline - time.monotonic()) > 0 and select.select([fd], [], [], left)[0]:
            data = os.read(fd, 1024)
            found += data.decode("utf-8", "replace")
            for token in tokens(found)[0]:
                if (flags := flags_answer(token)) is not None:
                    return flags
            if not data:
                break
    return None


@contextlib.contextmanager
def raw_terminal() -> Iterator[None]:
    """Every key as it comes, with event types where the terminal knows them, and it has been asked. Always undone."""
    import termios

    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    try:
        changed: list[Any] = termios.tcgetattr(fd)
        changed[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG | termios.IEXTEN)
        changed[0] &= ~(termios.ICRNL | termios.IXON)
        termios.tcsetattr(fd, termios.TCSANOW, changed)
        _write(PUSH_FLAGS + FOCUS_REPORTS_ON + ASK_FLAGS)
        yield
    finally:
        _write(FOCUS_REPORTS_OFF + POP_FLAGS)
        termios.tcsetattr(fd, termios.TCSAFLUSH, before)  # what was typed into the probe is not for the shell


def _write(text: str) -> None:
    with contextlib.suppress(OSError):  # the terminal has gone: nothing is left to be undone
        sys.stdout.write(text)
        sys.stdout.flush()
