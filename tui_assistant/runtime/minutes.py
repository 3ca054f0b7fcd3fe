"""All that was said so far, so that it can be saved."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tui_assistant.errors import UsageError
from tui_assistant.record.folder import new_file
from tui_assistant.record.transcript import Utterance, formatted
from tui_assistant.runtime.api import Line

LONGEST_MEMORY = 20_000  # lines: days of talk, a few MB
MOST_TRIES = 1_000  # names that are taken already


class Minutes:
    """Keeps the newest version of each line. All calls come from the Talk thread."""

    def __init__(self) -> None:
        self._said: dict[str, Utterance] = {}
        self._began_ms: int | None = None

    def take(self, line: Line, at_ms: int, now_ms: int) -> None:
        """A line, new or changed; `at_ms`: its beginning, both in client time."""
        if self._began_ms is None:
            self._began_ms = at_ms
        while len(self._said) >= LONGEST_MEMORY and line.key not in self._said:
            del self._said[next(iter(self._said))]
        begin, until = max(0, at_ms - self._began_ms), max(0, now_ms - self._began_ms)
        self._said[line.key] = Utterance(
            line.who.value,
            line.clock,
            begin,
            until,
            f"{line.text} {line.stash}".strip(),
            line.interrupted_at_s,
            line.typed,
            line.failed,
        )

    @property
    def said(self) -> list[Utterance]:
        """In the order in which they began."""
        return sorted(self._said.values(), key=lambda each: each.at_ms)

    def save(self, path: Path, tell: Callable[[str, str], None]) -> None:
        """Writes a file that only its owner may read. One that is there already stays: another name is taken."""
        try:
            text = formatted(self.said, path, f"Conversation of {time.strftime('%Y-%m-%d %H:%M')}")
            if not any(each.text for each in self._said.values()):
                tell("There is nothing to save yet.", "warning")
                return
            wanted = path.expanduser().absolute()
            taken = _write_fresh(wanted, text)
        except UsageError as error:
            tell(str(error), "error")
        except OSError as error:
            tell(f"{path}: cannot be written: {error.strerror or error} (choose another place)", "error")
        else:
            other = "" if taken == wanted else f" ({path.name} was there already)"
            tell(f"The transcript is in {taken}{other}.", "information")


def _write_fresh(path: Path, text: str) -> Path:
    """The name that was free. Raises OSError."""
    for number in range(1, MOST_TRIES):
        taken = path if number == 1 else path.with_stem(f"{path.stem}-{number}")
        try:
            descriptor = new_file(taken)
        except FileExistsError:
            continue
        with open(descriptor, "wb", closefd=True) as file:
            file.write(text.encode("utf-8", "replace"))
        return taken
    raise UsageError(f"{path}: there are too many files of that name", "give another name")
