"""The same conversation line by line: for screen readers, pipes and logs. No escape sequence, no Textual.

`HH:MM:SS you  TEXT`, `HH:MM:SS bot  TEXT`; what is neither is `HH:MM:SS --  TEXT`. Lines that come in: an empty one
begins to talk, the next one sends; those of COMMANDS are commands, anything else is a typed message.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TextIO

from tui_assistant.runtime.api import (
    OPENS_ON_PRESS,
    Ended,
    Line,
    LineChanged,
    Mode,
    Notice,
    Snapshot,
    State,
    Suggest,
    TalkApi,
    Told,
)
from tui_assistant.safetext import clean
from tui_assistant.tui.drawing.traffic import words as traffic_words
from tui_assistant.tui.plain_arrow import Arrow, arrow_words
from tui_assistant.tui.signals import handled_by

LOOK_SECONDS = 0.25  # how often the snapshot is asked for changes of link, device and mode
QUIET_SECONDS = 1.5  # after the end of stdin: idle for so long means that the last answer has been given
LEAST_READ = 65_536  # bytes read at once
USED = "used: "  # how the note of an answer begins that has used tools (client/transcript.py)
HELP = (
    "enter begins to talk, enter again sends; any other line without a slash is a typed message",
    "/mode changes between HANDS-FREE and PUSH-TO-TALK, /mute mutes or listens again, /stop stops the running answer",
    "/new begins a new conversation, /record records the session or ends that, /save FILE saves the conversation",
    "on a link: /turns detects turns here or there again, /traffic says what has gone over the wire",
    "/quit ends the program, /help says this",
)
COMMANDS = "there are /mode /mute /stop /new /record /save FILE /turns /traffic /quit, and /help says what they do"
GREETING = {
    Mode.HANDS_FREE: "HANDS-FREE: speak, a pause ends your turn; or type a message; /help names the commands",
    Mode.PUSH_TO_TALK: "PUSH-TO-TALK: enter, speak, enter sends; or type a message; /help names the commands",
}
# What the conversation says of keys, as it is done here.
COMMAND_FOR = {
    "D plays a demo, i types a message, d chooses a device": "type a message",
    "d chooses one, i types a message": "type a message",
    "x listens again": "/mute listens again",
    "r ends it": "/record ends it",
}


@dataclass(frozen=True, slots=True)
class Typed:
    """One line from stdin, without its end; None: stdin has ended."""

    text: str | None


@dataclass(frozen=True, slots=True)
class Signalled:
    number: int


def run_plain(
    talk: TalkApi,
    *,
    stdin: TextIO | None = None,
    stdout: TextIO | None = None,
    stderr: TextIO | None = None,
    interactive: bool = True,
    eof_ends: bool = False,
    clock: Callable[[], str] = lambda: time.strftime("%H:%M:%S"),
) -> int:
    """The exit status: 0, that of Ended, or 128 + a signal's number. Starts and closes the Talk.

    `interactive`: lines are read from `stdin` (not when stdin carries the audio). `eof_ends`: the end of stdin ends the
    conversation once the last answer has been given; without it the microphone, file or device, goes on. How long the
    answers took, and what went over the wire, is said on `stderr` at the end.
    """
    events: SimpleQueue[Notice | Typed | Signalled] = SimpleQueue()  # its put may interrupt itself: signals need that
    out = sys.stdout if stdout is None else stdout
    source = sys.stdin if stdin is None else stdin
    greets = interactive and source is not None and source.isatty()  # there is none under pythonw
    printer = Printer(talk, out, clock, eof_ends=eof_ends, greets=greets)
    with handled_by(lambda number, frame: events.put(Signalled(number))):
        talk.start(events.put)
        try:
            if interactive:
                threading.Thread(target=_read, args=(source, events), name="plain-input", daemon=True).start()
            return printer.run(events)
        except BrokenPipeError:
            _forget(out)  # who read us has gone: the conversation has lost its reader, and nothing is wrong
            return 0
        finally:
            _report(talk.snapshot(), sys.stderr if stderr is None else stderr)
            talk.close()


class Printer:
    """Turns notices and typed lines into lines on stdout and calls of the Talk."""

    def __init__(
        self, talk: TalkApi, out: TextIO, clock: Callable[[], str], *, eof_ends: bool, greets: bool = False
    ) -> None:
        """`greets`: says how to talk as soon as that is possible, to somebody who sits at a terminal."""
        self._talk = talk
        self._out = out
        self._clock = clock
        self._eof_ends = eof_ends
        self._greets = greets
        self._printed: dict[str, Line] = {}
        self._seen = Snapshot()
        self._arrow = Arrow()
        self._eof = False
        self._idle_since: float | None = None

    def run(self, events: SimpleQueue[Notice | Typed | Signalled]) -> int:
        while True:
            try:
                event = events.get(timeout=LOOK_SECONDS)
            except Empty:
                self._look()
                if self._drained():
                    return 0
                continue
            self._idle_since = None
            status = self._handle(event)
            if status is not None:
                return status

    def _handle(self, event: Notice | Typed | Signalled) -> int | None:
        """The exit status when this ends the conversation."""
        match event:
            case LineChanged(line) if line.divider:
                self._aside(line.text)
            case LineChanged(line):
                self._utterance(line)
            case Told(text):
                self._aside(text)
            case Suggest(text) if text:
                self._aside(text)
            case Ended(status, reason):
                if reason:
                    self._aside(reason)
                return status
            case Signalled(number):
                return 128 + number
            case Typed(None):
                self._eof = True
            case Typed(str() as text):
                return self._typed(text)
            case _:
                pass
        return None

    def _utterance(self, line: Line) -> None:
        """Printed once, when it is final; an interruption that comes later gets a line of its own."""
        if not line.final:
            return
        known = self._printed.get(line.key)
        self._printed[line.key] = line
        cut = "" if line.interrupted_at_s is None else f"[interrupted at {line.interrupted_at_s:.1f} s]"
        if known is None:
            failed = "[failed]" if line.failed else ""
            words = " ".join(part for part in (clean(line.text).strip(), failed, cut) if part)
            self._line(clean(line.clock, limit=8), str(line.who), words or "(no words)")
        elif cut and known.interrupted_at_s is None:
            self._aside(f"the answer was interrupted at {line.interrupted_at_s:.1f} s")
        if line.note.startswith(USED) and not (known is not None and known.note.startswith(USED)):
            self._aside(line.note.partition(" · ")[0])

    def _look(self) -> None:
        """Says what has changed since the last look and is worth a line."""
        before, now = self._seen, self._talk.snapshot()
        self._seen = now
        if now.link_state != before.link_state:
            leaves = " ↗" if now.traffic is not None and now.traffic.leaves else ""
            self._aside(f"link {now.link}{leaves}: {now.link_state}")
        if now.mode is not before.mode and not self._greets:  # else the greeting says it
            self._aside(str(now.mode))
        if now.muted is not before.muted:
            self._aside("muted" if now.muted else "listening again")
        if now.talking is not before.talking:
            self._aside("listening: enter sends" if now.talking else "not listening")
        if self._greets and now.link_state == "ready":
            self._greets = False
            self._aside(GREETING[now.mode])
        if leaving := self._arrow.take(now, time.monotonic()):
            self._aside(leaving)
        pressed = OPENS_ON_PRESS in (now.microphone, before.microphone) and before.microphone
        if now.microphone != before.microphone and not now.demo and not pressed:
            self._aside(f"microphone: {now.microphone}" if now.microphone else "no microphone")

    def _drained(self) -> bool:
        if not (self._eof and self._eof_ends) or self._seen.state not in (State.IDLE, State.MUTED):
            self._idle_since = None
            return False
        now = time.monotonic()
        if self._idle_since is None:
            self._idle_since = now
        return now - self._idle_since >= QUIET_SECONDS

    def _typed(self, text: str) -> int | None:
        match text.strip():
            case "":
                self._talk.talk()
            case "/mode":
                self._talk.toggle_mode()
            case "/turns":
                self._talk.switch_turns()
            case "/mute":
                self._talk.toggle_mute()
            case "/stop":
                self._talk.interrupt()
            case "/new":
                self._talk.new_conversation()
            case "/traffic":
                now = self._talk.snapshot()
                told = " · ".join(part for part in (arrow_words(now), traffic_words(now)) if part)
                self._aside(told or "the conversation runs here: nothing goes over a wire")
            case "/record":
                self._talk.record(None)
            case "/save":
                self._aside("say where: /save talk.md, or a name that ends in .txt, .srt or .json")
            case saving if saving.startswith("/save "):
                self._talk.save_transcript(Path(saving.removeprefix("/save ").strip()))
            case "/quit":
                return 0
            case "/help":
                for line in HELP:
                    self._aside(line)
            case word if word.startswith("/") and " " not in word:
                self._aside(f"there is no command {word}; {COMMANDS}")
            case _:
                self._talk.say(text)
        return None

    def _aside(self, text: str) -> None:
        for key, command in COMMAND_FOR.items():
            text = text.replace(key, command)
        self._line(self._clock(), "--", clean(text))

    def _line(self, clock: str, who: str, text: str) -> None:
        """One line, and flushed: who reads a pipe wants it now."""
        line = f"{clock} {who:<3}  {text}\n"
        encoding = getattr(self._out, "encoding", None) or "utf-8"
        self._out.write(line.encode(encoding, "replace").decode(encoding))
        self._out.flush()


def _report(last: Snapshot, err: TextIO) -> None:
    with contextlib.suppress(OSError, ValueError):  # nobody reads it any more
        for text in (str(last.replies) if last.replies.count else "", traffic_words(last)):
            if text:
                err.write(f"{text}\n".encode(err.encoding or "utf-8", "replace").decode(err.encoding or "utf-8"))
        err.flush()


def _read(source: TextIO, events: SimpleQueue[Notice | Typed | Signalled]) -> None:
    """The thread that reads stdin, until its end."""
    with contextlib.suppress(OSError, ValueError):  # a terminal that has gone, a file closed under us: the end of stdin
        for line in _lines(source):
            events.put(Typed(line))
    events.put(Typed(None))


def _lines(source: TextIO) -> Iterator[str]:
    """Lines without their ends. A real file is read below Python's buffers: a thread that waits inside them would hold
    their lock when the interpreter ends, which aborts it."""
    try:
        number = source.fileno()
    except (OSError, io.UnsupportedOperation, AttributeError):
        for line in source:
            yield line.rstrip("\r\n")
        return
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    held = ""
    while data := os.read(number, LEAST_READ):
        *lines, held = (held + decoder.decode(data)).split("\n")
        yield from (line.rstrip("\r") for line in lines)
    if held:
        yield held


def _forget(out: TextIO) -> None:
    """Points a closed pipe at nothing, so that the flush at the interpreter's end finds no broken pipe."""
    with contextlib.suppress(OSError, ValueError, io.UnsupportedOperation):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, out.fileno())
        os.close(nowhere)
