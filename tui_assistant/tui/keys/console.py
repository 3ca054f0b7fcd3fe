"""Key records of the Windows console, sorted. Pure, so that it is tested everywhere.

With ENABLE_VIRTUAL_TERMINAL_INPUT a key that goes down arrives as the characters of its sequence, one record each,
often with virtual key code 0. A key that goes up arrives as one record with bKeyDown 0 and its virtual key code
(https://learn.microsoft.com/windows/console/key-event-record-str). Auto-repeat is more records with bKeyDown 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """KEY_EVENT_RECORD, as far as it matters. `char` is one UTF-16 unit; "\\0" for a key that writes nothing."""

    down: bool
    virtual_key: int
    char: str
    control_state: int = 0


class Up:
    """The watched key went up."""


UP = Up()


def sort_records(records: Iterable[KeyRecord], watched: int | None) -> Iterator[str | Up]:
    """What was typed, in pieces, and between them UP where the key `watched` (a virtual key code) went up."""
    typed: list[str] = []
    for record in records:
        if record.down:
            # a bare modifier, as Textual sees it: it writes nothing
            if not (record.control_state and record.virtual_key == 0):
                typed.append(record.char)
        elif watched is not None and record.virtual_key == watched:
            yield from _text(typed)
            yield UP
    yield from _text(typed)


def _text(typed: list[str]) -> Iterator[str]:
    """What has been typed so far, its surrogate pairs joined."""
    if typed:
        yield "".join(typed).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        typed.clear()
