"""Textual's parser, with the edges of keys taken off before it sees them. Everything else is its own business.

Stock Textual does int("1:3") on the first release and panics. The names used of it here are private: keys/driver.py
checks that they are what they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual import events
from textual._xterm_parser import XTermParser
from textual.keys import Keys
from textual.message import Message

from tui_assistant.client.hold import Edge
from tui_assistant.tui.keys.sequences import flags_answer, split

# name of the key ("" where it is none), its code, what the terminal says of it (None: nothing): whether it was taken
Report = Callable[[str, str, Edge | None], bool]


class EdgeParser(XTermParser):
    def __init__(self, debug: bool = False, *, report: Report, answered: Callable[[int], None]) -> None:
        """`report` is asked about each key and says whether it has taken it; `answered` gets the terminal's flags."""
        self._report = report
        self._answered = answered
        self._typed = ""  # the character that is being read, until it has been asked about
        super().__init__(debug)

    def feed(self, data: str) -> Iterable[Message]:
        """Character by character: what stock Textual gives back of a sequence that it did not understand, e.g. of one
        in a pasted text, is told from what was typed."""
        for character in data or [data]:  # no data at all: the end of the input
            self._typed = character
            yield from super().feed(character)
        self._typed = ""

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        if (flags := flags_answer(sequence)) is not None:
            self._answered(flags)
            yield events.Key(Keys.Ignore, sequence)
            return
        parts = split(sequence)
        try:
            keys = list(super()._sequence_to_key_events(parts.plain if parts else sequence, alt))
        except (ValueError, OverflowError):  # a number that is no character, which stock Textual does not survive
            yield events.Key(Keys.Ignore, sequence)
            return
        if not keys:
            return  # a sequence that is not complete yet, or no key
        whole = len(sequence) > 1 or (sequence == self._typed and sequence != "\x1b")
        self._typed = ""
        name = keys[0].key if len(keys) == 1 and whole and not alt else ""  # `alt`: escape stood before it
        code, edge = (parts.code, parts.edge) if parts else (sequence, None)
        if not self._report(name, code, edge):
            yield from keys
        elif len(sequence) > 1:
            yield events.Key(Keys.Ignore, sequence)  # tells the parser that the sequence is complete
