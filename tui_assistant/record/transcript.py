"""A conversation as text: Markdown, plain text, SRT subtitles or JSON. Pure: what was said in, text out."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import PurePath

from tui_assistant.errors import UsageError

# Subtitles: how long a line is shown at least, and for each character, where nobody knows how long it was spoken.
LEAST_SHOWN_MS, SHOWN_MS_PER_CHARACTER = 1_000, 60
HOUR_MS, MINUTE_MS, SECOND_MS = 3_600_000, 60_000, 1_000
_MARKDOWN = str.maketrans({character: f"\\{character}" for character in r"\`*_[]<>#|~"})


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one of the two said. `text` is foreign text. Times from the first one on."""

    who: str  # "you" or "bot"
    clock: str  # HH:MM:SS
    at_ms: int  # its beginning
    until_ms: int  # when it was known to be over
    text: str
    interrupted_at_s: float | None = None
    typed: bool = False
    failed: bool = False


def formatted(said: Sequence[Utterance], path: PurePath, title: str = "Transcript") -> str:
    """In the format of the suffix. Raises UsageError for others."""
    write = FORMATS.get(path.suffix.lower())
    if write is None:
        raise UsageError(f"{path}: the suffix says nothing about the format", f"allowed are {', '.join(FORMATS)}")
    shown = [replace(each, text=_visible(each.text)) for each in said]
    return write([each for each in shown if each.text.strip()], title)


def _visible(text: str) -> str:
    """Nothing that a terminal would obey when the file is looked at, nor what turns the direction of the text."""
    return "".join(each for each in text if each.isprintable() or each in "\n\u200d")


def markdown(said: Sequence[Utterance], title: str) -> str:
    """A heading and a paragraph for each utterance."""
    parts = [f"# {title.translate(_MARKDOWN)}", ""]
    for each in said:
        parts += [f"**{each.who}** {each.clock}{_note(each)}", "", _shielded(each.text), ""]
    return "\n".join(parts[:-1]) + "\n"


def plain(said: Sequence[Utterance], title: str) -> str:
    """`HH:MM:SS you  TEXT`, as --plain prints it."""
    return "".join(f"{each.clock} {each.who}  {' '.join(each.text.split())}{_note(each)}\n" for each in said)


def srt(said: Sequence[Utterance], title: str) -> str:
    """SubRip: a number, `00:00:01,000 --> 00:00:02,500`, the text, an empty line. A cue ends before the next begins."""
    cues = []
    for number, each in enumerate(said, 1):
        shown_ms = max(LEAST_SHOWN_MS, SHOWN_MS_PER_CHARACTER * len(each.text))
        end_ms = max(each.until_ms, each.at_ms + shown_ms)
        if number < len(said):
            end_ms = min(end_ms, max(said[number].at_ms, each.at_ms + 1))
        text = "\n".join(line for line in each.text.splitlines() if line.strip())
        # "-->" inside a cue would be read as another one's times
        text = text.replace("-->", "→")
        cues.append(f"{number}\n{_srt_time(each.at_ms)} --> {_srt_time(end_ms)}\n{each.who}: {text}\n")
    return "\n".join(cues)


def as_json(said: Sequence[Utterance], title: str) -> str:
    """`title` and `utterances`, with all that is known of each."""
    return json.dumps({"title": title, "utterances": [asdict(each) for each in said]}, indent=1) + "\n"


FORMATS: dict[str, Callable[[Sequence[Utterance], str], str]] = {
    ".md": markdown,
    ".txt": plain,
    ".srt": srt,
    ".json": as_json,
}


def _note(each: Utterance) -> str:
    notes = [*(["typed"] if each.typed else []), *(["failed"] if each.failed else [])]
    if each.interrupted_at_s is not None:
        notes.append(f"interrupted at {each.interrupted_at_s:.1f} s")
    return f" ({', '.join(notes)})" if notes else ""


def _shielded(text: str) -> str:
    """Words that look like Markdown stay words, also at the beginning of a line."""
    lines = [line.strip().translate(_MARKDOWN) for line in text.splitlines()]
    return "  \n".join(f"\\{line}" if line[:1] in ("-", "+", "=") else _unnumbered(line) for line in lines if line)


def _unnumbered(line: str) -> str:
    """`1. first` is no list."""
    digits = len(line) - len(line.lstrip("0123456789"))
    return f"{line[:digits]}\\{line[digits:]}" if digits and line[digits : digits + 1] in (".", ")") else line


def _srt_time(ms: int) -> str:
    ms = max(0, ms)
    hours, minutes = ms // HOUR_MS, ms // MINUTE_MS % 60
    return f"{hours:02}:{minutes:02}:{ms // SECOND_MS % 60:02},{ms % SECOND_MS:03}"
