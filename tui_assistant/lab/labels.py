"""Label files: which stretches of a recording are speech.

Three formats, each parsed from its text into speech segments in seconds, sorted, overlaps joined.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tui_assistant.errors import UsageError

# Names under which people mark what is not speech in an Audacity label track; any other label is speech.
NOT_SPEECH = {"0", "noise", "silence", "pause", "music", "non-speech", "nonspeech", "not speech", "nospeech"}


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a recording, in seconds."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start

    def moved(self, seconds: float) -> Segment:
        """The same stretch on a clock that shows `seconds` more."""
        return Segment(self.start + seconds, self.end + seconds)


def parse_scv(text: str) -> list[Segment]:
    """One line: `name,start,end,label,start,end,label,...`; label 1 is speech, 0 is not."""
    fields = [field.strip() for field in text.strip().split(",")][1:]
    if not fields or len(fields) % 3:
        raise UsageError("not a name followed by start,end,label triples")
    segments = []
    for index in range(0, len(fields), 3):
        start, end, label = fields[index : index + 3]
        place = f"segment {index // 3 + 1}"
        if label not in {"0", "1"}:
            raise UsageError(f"{place}: the label is {label!r}, not 0 or 1")
        segment = _segment(start, end, place)
        if label == "1":
            segments.append(segment)
    return joined(segments)


def parse_audacity(text: str) -> list[Segment]:
    """A label track as Audacity exports it: `start TAB end TAB label` a line; all labels but NOT_SPEECH are speech."""
    segments = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("\\"):  # a backslash: the frequency range of the label before
            continue
        start, end, label = ([*line.split("\t", 2), "", ""])[:3]
        segment = _segment(start, end, f"line {number}")
        if label.strip().lower() not in NOT_SPEECH:
            segments.append(segment)
    return joined(segments)


def parse_rttm(text: str) -> list[Segment]:
    """NIST's rich transcription time marks: the SPEAKER lines, whoever speaks."""
    segments = []
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.split()
        if not fields or fields[0] != "SPEAKER":
            continue
        if len(fields) < 5:
            raise UsageError(f"line {number}: a SPEAKER line has a start and a duration in its fields 4 and 5")
        segments.append(_segment(fields[3], fields[4], f"line {number}", duration=True))
    return joined(segments)


FORMATS: dict[str, Callable[[str], list[Segment]]] = {
    ".scv": parse_scv,
    ".txt": parse_audacity,
    ".rttm": parse_rttm,
}
"""Parsers by the suffix of the file beside the recording, in the order in which they are looked for."""


def joined(segments: Iterable[Segment], gap: float = 0.0) -> list[Segment]:
    """Sorted, with those that overlap, touch, or are less than `gap` seconds apart made one; empty ones left out."""
    result: list[Segment] = []
    for segment in sorted(segments, key=lambda each: (each.start, each.end)):
        if segment.seconds <= 0:
            continue
        # to the microsecond: labels are decimal fractions, and 2.4 - 2.0 is a little less than 0.4
        distance = round(segment.start - result[-1].end, 6) if result else math.inf
        if distance <= 0 or distance < gap:
            result[-1] = Segment(result[-1].start, max(result[-1].end, segment.end))
        else:
            result.append(segment)
    return result


def within(segments: Iterable[Segment], whole: Segment) -> list[Segment]:
    """What of `segments` lies in `whole`."""
    cut = [Segment(max(each.start, whole.start), min(each.end, whole.end)) for each in segments]
    return [each for each in cut if each.seconds > 0]


def _segment(start: str, end: str, place: str, *, duration: bool = False) -> Segment:
    try:
        first, last = float(start), float(end)
    except ValueError:
        columns = "" if end else "; is there a tab between the columns?"
        raise UsageError(f"{place}: times are numbers of seconds, not {start!r} and {end!r}{columns}") from None
    last = first + last if duration else last
    if not (math.isfinite(first) and math.isfinite(last) and 0 <= first <= last):
        raise UsageError(f"{place}: a segment from {start} to {end} s cannot be")
    return Segment(first, last)
