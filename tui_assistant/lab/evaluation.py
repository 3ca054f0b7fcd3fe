"""Turns found against turns labelled: how many are missed, false, split and merged, and how late they are.

Reference turns are the labelled speech joined over gaps shorter than `silence_duration_ms`: a pause that short is not
supposed to end a turn. A turn found is taken as its speech alone, from the onset (without the prefix padding) to the
last speech frame (without the silence that ended it).

    missed   a reference turn of which the turns found, taken together, cover less than half
    false    a turn found of which less than half lies on reference turns
    A turn found and a reference turn match when neither of them is an error already and they overlap by at least half
    of the shorter one.
    split    the turns matched by a reference turn, beyond the first
    merged   the reference turns matched by a turn found, beyond the first

Half of the shorter one, because a reference turn split in two halves must still match both, and two reference turns
merged into one found turn must still match it. The rule is symmetric: with reference and found exchanged, missed and
false change places, and split and merged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tui_assistant.lab.labels import Segment, joined
from tui_assistant.protocol.server import SpeechStarted, SpeechStopped

MATCH = 0.5  # overlap needed, as a fraction


@dataclass(frozen=True, slots=True)
class Found:
    """A turn that a detector found. Seconds of the recording."""

    speech: Segment
    started_at: float  # when speech_started was decided ...
    stopped_at: float  # ... and speech_stopped


@dataclass(frozen=True, slots=True)
class Score:
    """Errors of one recording or of many; latencies are those of matched turns, in milliseconds."""

    reference: int = 0
    found: int = 0
    missed: int = 0
    false: int = 0
    split: int = 0
    merged: int = 0
    onset_ms: tuple[float, ...] = ()  # speech_started after the labelled beginning
    end_ms: tuple[float, ...] = ()  # speech_stopped after the labelled end; includes silence_duration_ms

    @property
    def errors(self) -> int:
        return self.missed + self.false + self.split + self.merged


def turns(events: Iterable[SpeechStarted | SpeechStopped]) -> list[Found]:
    """A detector's events as turns. The onset and the last speech come from the figures in the reasons."""
    found = []
    started: SpeechStarted | None = None
    for event in events:
        if isinstance(event, SpeechStarted):
            started = event
        elif started is not None:
            onset = _at(started) - _figure(started, "held_ms")
            last = _at(event) - _figure(event, "silence_ms")
            found.append(Found(Segment(onset, max(onset, last)), _at(started), _at(event)))
            started = None
    return found


def score(labels: Sequence[Segment], found: Sequence[Found], silence_ms: int) -> Score:
    """One recording's score; `labels` are its speech segments."""
    reference = joined(labels, gap=silence_ms / 1000)
    overlaps = [[_overlap(turn.speech, segment) for segment in reference] for turn in found]
    covered = [sum(row[index] for row in overlaps) for index in range(len(reference))]
    false = {index for index, turn in enumerate(found) if _under_half(sum(overlaps[index]), turn.speech)}
    missed = {index for index, segment in enumerate(reference) if _under_half(covered[index], segment)}
    matches = [
        (turn, segment)
        for turn in range(len(found))
        for segment in range(len(reference))
        if turn not in false
        and segment not in missed
        and overlaps[turn][segment] > 0
        and overlaps[turn][segment] >= MATCH * min(found[turn].speech.seconds, reference[segment].seconds)
    ]
    # of a turn that is split or merged, the beginning and the end each belong to one pair only
    onsets, ends = _one_to_one(matches), _one_to_one(matches[::-1])
    return Score(
        reference=len(reference),
        found=len(found),
        missed=len(missed),
        false=len(false),
        split=len(matches) - len({segment for _, segment in matches}),
        merged=len(matches) - len({turn for turn, _ in matches}),
        onset_ms=tuple((found[turn].started_at - reference[each].start) * 1000 for turn, each in onsets),
        end_ms=tuple((found[turn].stopped_at - reference[each].end) * 1000 for turn, each in reversed(ends)),
    )


def total(scores: Iterable[Score]) -> Score:
    """The sum over recordings."""
    every = list(scores)
    return Score(
        reference=sum(each.reference for each in every),
        found=sum(each.found for each in every),
        missed=sum(each.missed for each in every),
        false=sum(each.false for each in every),
        split=sum(each.split for each in every),
        merged=sum(each.merged for each in every),
        onset_ms=tuple(value for each in every for value in each.onset_ms),
        end_ms=tuple(value for each in every for value in each.end_ms),
    )


def percentile(values: Sequence[float], fraction: float) -> float | None:
    """The value below which `fraction` of `values` lie, between neighbours in proportion; None without values."""
    if not values:
        return None
    ordered = sorted(values)
    place = fraction * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _overlap(one: Segment, other: Segment) -> float:
    return max(0.0, min(one.end, other.end) - max(one.start, other.start))


def _under_half(overlap: float, segment: Segment) -> bool:
    return overlap <= 0 or overlap < MATCH * segment.seconds


def _one_to_one(matches: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The pairs in which each is the other's first."""
    turn_of: dict[int, int] = {}
    segment_of: dict[int, int] = {}
    for turn, segment in matches:
        turn_of.setdefault(segment, turn)
        segment_of.setdefault(turn, segment)
    return [pair for pair in matches if turn_of[pair[1]] == pair[0] and segment_of[pair[0]] == pair[1]]


def _at(event: SpeechStarted | SpeechStopped) -> float:
    if event.at_ms is None:
        raise ValueError("the event has no at_ms")
    return event.at_ms / 1000


def _figure(event: SpeechStarted | SpeechStopped, name: str) -> float:
    return float((event.reason or {}).get(name, 0)) / 1000
