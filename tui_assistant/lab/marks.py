"""The user's own marks on a recorded session as labels: what the session took for turns, corrected where it was marked.

    not marked   the turn was right: its speech is speech
    too_slow     the turn was right, and its end came late: its speech is speech, and the end latency shows the rest
    not_speech   there was no speech
    cut_off      the turn went on: the pause up to the next turn belongs to it, when that begins within BACK_S; who is
                 silent longer had finished

The session's turns are those of its events.jsonl. Without that file only the marked places are judged, and where a turn
that was cut off went on is taken from `heard`, the turns that the detector finds with its default settings.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tui_assistant.errors import UsageError
from tui_assistant.lab.labels import Segment, joined

MARKS = ("cut_off", "too_slow", "not_speech")
BACK_S = 3.0  # as lab.fit: who was cut off goes on within that time, or not at all
SAME = 0.5  # a mark's turn is the one that it overlaps by half of the shorter


@dataclass(frozen=True, slots=True)
class Marked:
    """A turn with a mark; `speech` in seconds of the recording."""

    mark: str
    speech: Segment


def parse_marks(text: str) -> list[Marked]:
    """`marks` of a marks.json, without those whose turn was not seen (onset_ms or end_ms null). Raises UsageError."""
    data = _json(text, "")
    entries = data.get("marks") if isinstance(data, dict) else None
    if not isinstance(entries, list):
        raise UsageError('there is no list "marks"')
    marked = []
    for number, entry in enumerate(entries, 1):
        place = f"mark {number}"
        if not isinstance(entry, dict) or entry.get("mark") not in MARKS:
            raise UsageError(f"{place}: `mark` is one of {', '.join(MARKS)}")
        times = [entry.get(name) for name in ("onset_ms", "end_ms")]
        if None in times:
            continue
        onset, end = (_seconds(value, place) for value in times)
        if onset > end:
            raise UsageError(f"{place}: the end is before the onset")
        marked.append(Marked(entry["mark"], Segment(onset, end)))
    return sorted(marked, key=lambda each: each.speech.start)


def parse_turns(text: str) -> list[Segment]:
    """The speech of the turns in an events.jsonl, whose last line may be cut off. Raises UsageError.

    An event is written a moment after its decision, at most as long as a block of the microphone's audio.
    """
    turns: list[Segment] = []
    onsets: dict[str, float] = {}
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        if number == len(lines) and not line.endswith("\n"):
            break  # the program was killed while it wrote this line
        place = f"line {number}"
        entry = _json(line, f"{place}: ")
        event = entry.get("event") if isinstance(entry, dict) else None
        if not isinstance(event, dict):
            raise UsageError(f"{place}: is no recorded event")
        kind, item = str(event.get("type")), str(event.get("item_id"))
        why = event.get("reason")
        reason = why if isinstance(why, dict) else {}
        if kind == "input_audio_buffer.speech_started":
            onsets[item] = _seconds(entry.get("at_ms"), place) - _seconds(reason.get("held_ms", 0), place)
        elif item in onsets and kind in ("input_audio_buffer.speech_stopped", "input_audio_buffer.committed"):
            end = _seconds(entry.get("at_ms"), place) - _seconds(reason.get("silence_ms", 0), place)
            onset = max(0.0, onsets.pop(item))
            turns.append(Segment(onset, max(onset, end)))
    return joined(turns)


def labels(
    marked: Sequence[Marked], turns: Sequence[Segment] | None, heard: Sequence[Segment]
) -> tuple[list[Segment], list[Segment] | None]:
    """The speech, and which stretches are judged (None: all). `turns`: the session's own; None: not known."""
    spoken = heard if turns is None else turns
    speech = [each for each in spoken if not any(_same(each, other.speech) for other in marked)]
    speech = sorted([*speech, *(each.speech for each in marked if each.mark != "not_speech")], key=_start)
    judged = [each.speech for each in marked]
    pauses = []
    for each in marked:
        if each.mark == "cut_off":
            end = each.speech.end
            back = next((other for other in speech if end <= other.start <= end + BACK_S), None)
            if back is not None:
                pauses.append(Segment(end, back.start))
                judged.append(Segment(end, back.end))
    whole = joined([*speech, *pauses])
    if turns is not None:
        return whole, None
    known = joined(judged)
    return [each for each in whole if any(_meet(each, other) for other in known)], known


def _same(one: Segment, other: Segment) -> bool:
    shared = min(one.end, other.end) - max(one.start, other.start)
    return shared > 0 and shared >= SAME * min(one.seconds, other.seconds)


def _meet(one: Segment, other: Segment) -> bool:
    return one.start < other.end and other.start < one.end


def _start(segment: Segment) -> float:
    return segment.start


def _json(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise UsageError(f"{place}is not JSON") from None


def _seconds(milliseconds: object, place: str) -> float:
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float):
        raise UsageError(f"{place}: times are numbers of milliseconds")
    if not (0 <= milliseconds < 1e12 and math.isfinite(milliseconds)):
        raise UsageError(f"{place}: {milliseconds} ms cannot be")
    return milliseconds / 1000
