"""Turns found against turns labelled: how many are missed, false, split and merged, and how late they are.

Reference turns are the labelled speech joined over gaps shorter than `silence_duration_ms`: a pause that short is not
supposed to end a turn. A turn found is taken as its speech alone, from the onset (without the prefix padding) to the
last speech frame (without the silence that ended it).

    missed   a reference turn of which the turns found, taken together, cover less than half
    false    a turn found of which less than half lies on reference turns
    A turn found and a reference turn match when neither of them is an error already and they overlap by at least half
    of the shorter one.
    A turn that is no error and yet has no match, because it lies half on one turn and half on the next, matches the one
    that it overlaps most; only when all of those are errors it is left out, because they are counted already.
    split    the turns matched by a reference turn, beyond the first
    merged   the reference turns matched by a turn found, beyond the first

Half of the shorter one, because a reference turn split in two halves must still match both, and two reference turns
merged into one found turn must still match it. The rule is symmetric: with reference and found exchanged, missed and
false change places, and split and merged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui_assistant.lab.labels import Segment, joined

if TYPE_CHECKING:  # who only adds scores up needs no numpy
    from tui_assistant.lab.whatif import Turn

MATCH = 0.5  # overlap needed, as a fraction


@dataclass(frozen=True, slots=True)
class Found:
    """A turn that a detector found. Seconds of the recording."""

    speech: Segment
    started_at: float | None  # when speech_started was decided ...
    stopped_at: float | None  # ... and speech_stopped; None: not within what is judged


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


def found(turns: Iterable[Turn]) -> list[Found]:
    """The turns that the engine's rules made of p(speech), as they are scored."""
    return [
        Found(
            Segment(turn.onset_ms / 1000, turn.speech_end_ms / 1000),
            turn.started_ms / 1000,
            None if turn.stopped_ms is None else turn.stopped_ms / 1000,
        )
        for turn in turns
    ]


def score(labels: Sequence[Segment], found: Sequence[Found], silence_ms: int) -> Score:
    """One recording's score; `labels` are its speech segments, joined over gaps shorter than `silence_ms`."""
    reference = joined(labels, gap=silence_ms / 1000)
    matches, false, missed = match([turn.speech for turn in found], reference)
    # of a turn that is split or merged, the beginning and the end each belong to one pair only
    onsets, ends = _one_to_one(matches), reversed(_one_to_one(matches[::-1]))
    starts = [(start, reference[each].start) for turn, each in onsets if (start := found[turn].started_at) is not None]
    stops = [(stop, reference[each].end) for turn, each in ends if (stop := found[turn].stopped_at) is not None]
    return Score(
        reference=len(reference),
        found=len(found),
        missed=len(missed),
        false=len(false),
        split=len(matches) - len({segment for _, segment in matches}),
        merged=len(matches) - len({turn for turn, _ in matches}),
        onset_ms=tuple(_ms(start - begin) for start, begin in starts),
        end_ms=tuple(_ms(stop - end) for stop, end in stops),
    )


def match(
    found: Sequence[Segment], reference: Sequence[Segment]
) -> tuple[list[tuple[int, int]], frozenset[int], frozenset[int]]:
    """The pairs of numbers (found, reference) that match, sorted; the false ones of `found`; the missed of `reference`.

    Both are sorted, and neither overlaps itself.
    """
    overlaps = _overlaps(found, reference)
    heard, covered = [0.0] * len(found), [0.0] * len(reference)
    for (turn, each), shared in overlaps.items():
        heard[turn] += shared
        covered[each] += shared
    false = frozenset(turn for turn, one in enumerate(found) if _under_half(heard[turn], one))
    missed = frozenset(each for each, one in enumerate(reference) if _under_half(covered[each], one))
    fit = {pair: shared for pair, shared in overlaps.items() if pair[0] not in false and pair[1] not in missed}
    matches = {
        (turn, each)
        for (turn, each), shared in fit.items()
        if shared >= MATCH * min(found[turn].seconds, reference[each].seconds)
    }
    return sorted(matches | _best_of_the_unmatched(fit, matches)), false, missed


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


def _overlaps(found: Sequence[Segment], reference: Sequence[Segment]) -> dict[tuple[int, int], float]:
    """Seconds shared by each pair that shares any."""
    shared: dict[tuple[int, int], float] = {}
    first = 0
    for turn, one in enumerate(found):
        while first < len(reference) and reference[first].end <= one.start:
            first += 1
        for each in range(first, len(reference)):
            if reference[each].start >= one.end:
                break
            shared[turn, each] = min(one.end, reference[each].end) - max(one.start, reference[each].start)
    return shared


def _best_of_the_unmatched(fit: dict[tuple[int, int], float], matches: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """For each that overlaps something and matches nothing, the pair with the most overlap; the first of equals."""
    best: dict[tuple[int, int], tuple[int, int]] = {}  # (side, number) -> pair
    for pair in fit:
        for side in (0, 1):
            kept = best.setdefault((side, pair[side]), pair)
            if fit[pair] > fit[kept]:
                best[side, pair[side]] = pair
    matched = {(side, pair[side]) for pair in matches for side in (0, 1)}
    return {pair for place, pair in best.items() if place not in matched}


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


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)  # to the microsecond: labels are decimal fractions
