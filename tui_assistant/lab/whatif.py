"""What other rules would have made of the same speech: the engine's own turn code over recorded p(speech).

Pure, and quick enough to run while a slider moves (60 s of frames in a few milliseconds).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from tui_assistant.engine.endpoint import EFFECT_MS, UNJUDGED_P
from tui_assistant.engine.ports import FRAME_MS, Judged
from tui_assistant.engine.turn import (
    DEFAULT_THRESHOLD,
    MIN_THRESHOLD,
    Question,
    Started,
    Stopped,
    TurnTracker,
    prefix_padding_ms,
)
from tui_assistant.protocol.items import JsonObject
from tui_assistant.protocol.session import SemanticVad, ServerVad

MATCH = 0.5  # turns are the same when they overlap by half of the shorter one, as `evaluate` counts
SAME_MS = FRAME_MS  # a shift of one frame is no difference that anybody hears


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn; milliseconds on the clock of the frames."""

    audio_start_ms: int  # the onset less prefix_padding_ms
    onset_ms: int
    started_ms: int  # when the beginning was decided
    speech_end_ms: int  # end of the last frame of speech
    stopped_ms: int | None  # when the end was decided, which is where the audio ends; None: still open
    why_started: JsonObject
    why_stopped: JsonObject | None

    @property
    def wait_ms(self) -> int | None:
        """From the end of the speech to the decision: what an answer waits for at least."""
        return None if self.stopped_ms is None else self.stopped_ms - self.speech_end_ms


def limits(rules: ServerVad | SemanticVad) -> tuple[float, float]:
    """p from which speech begins, and p down to which it goes on."""
    threshold = rules.threshold if isinstance(rules, ServerVad) else DEFAULT_THRESHOLD
    return max(threshold, MIN_THRESHOLD), TurnTracker(rules).release


def turns(
    probabilities: Sequence[float],
    rules: ServerVad | SemanticVad,
    *,
    start_ms: int = 0,
    judged: Sequence[float | None] = (),
) -> tuple[Turn, ...]:
    """The turns in consecutive frames of FRAME_MS, the first of which begins at `start_ms`.

    `probabilities`: p(speech) as the engine used it. `judged`: P(end of turn) in effect at each frame, as observed;
    where other rules ask at a moment that was not judged, P = 0.5.
    """
    tracker = TurnTracker(rules, judged=bool(judged))
    found: list[Turn] = []
    started: Started | None = None
    padding, earliest = prefix_padding_ms(rules), start_ms
    release = tracker.release
    speech_end = 0
    for index, p in enumerate(probabilities):
        at_ms = start_ms + index * FRAME_MS
        if started is not None and p >= release:
            speech_end = at_ms + FRAME_MS
        outcome = tracker.frame(at_ms, p)
        if outcome is None:
            continue
        if isinstance(outcome, Started):
            started, speech_end = outcome, outcome.at_ms
        elif isinstance(outcome, Stopped):
            assert started is not None
            found.append(_turn(started, speech_end, outcome, max(earliest, started.onset_ms - padding)))
            started, earliest = None, outcome.at_ms
        elif isinstance(outcome, Question):
            after = index + EFFECT_MS // FRAME_MS
            p_end = judged[after] if after < len(judged) else None
            tracker.judged(Judged(UNJUDGED_P, "none") if p_end is None else Judged(p_end, "recorded"))
    if started is not None:
        found.append(_turn(started, speech_end, None, max(earliest, started.onset_ms - padding)))
    return tuple(found)


def _turn(started: Started, speech_end_ms: int, stopped: Stopped | None, audio_start_ms: int) -> Turn:
    return Turn(
        audio_start_ms=audio_start_ms,
        onset_ms=started.onset_ms,
        started_ms=started.at_ms,
        speech_end_ms=speech_end_ms,
        stopped_ms=stopped.at_ms if stopped else None,
        why_started=started.reason,
        why_stopped=stopped.reason if stopped else None,
    )


class Change(StrEnum):
    """What became of turns under other rules."""

    KEPT = "kept"
    CUT = "cut"  # one turn became several
    JOINED = "joined"  # several became one
    LOST = "lost"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Difference:
    """Turns that belong together, before and after; `later_ms`: by how much their last decision moved."""

    change: Change
    before: tuple[Turn, ...]
    after: tuple[Turn, ...]

    @property
    def at_ms(self) -> int:
        """Where to look: where the turn was cut or went on, else where it began."""
        if self.change is Change.CUT:
            return self.after[0].stopped_ms or self.after[0].speech_end_ms
        if self.change is Change.JOINED:
            return self.before[0].stopped_ms or self.before[0].speech_end_ms
        return (self.before or self.after)[0].onset_ms

    @property
    def later_ms(self) -> int | None:
        """Of the end of the last turn: positive is later; None where one of them is open or missing."""
        if not (self.before and self.after):
            return None
        before, after = self.before[-1].stopped_ms, self.after[-1].stopped_ms
        return None if before is None or after is None else after - before


def compare(before: Sequence[Turn], after: Sequence[Turn]) -> tuple[Difference, ...]:
    """What changed from `before` to `after`, in the order of time; both are sorted, as `turns` gives them."""
    differences = []
    for one, other in _groups(before, after):
        if not other:
            change = Change.LOST
        elif not one:
            change = Change.NEW
        elif len(one) == len(other):
            change = Change.KEPT
        else:
            change = Change.CUT if len(other) > len(one) else Change.JOINED
        differences.append(Difference(change, tuple(one), tuple(other)))
    return tuple(sorted(differences, key=lambda each: (each.before or each.after)[0].onset_ms))


def _groups(before: Sequence[Turn], after: Sequence[Turn]) -> Iterable[tuple[list[Turn], list[Turn]]]:
    """Turns that overlap enough, together with whatever those overlap with in turn."""
    links = [(i, j) for i, one in enumerate(before) for j, other in enumerate(after) if _same(one, other)]
    group_of: dict[tuple[str, int], int] = {}
    groups: dict[int, tuple[set[int], set[int]]] = {}
    for i, j in links:
        ours, theirs = group_of.get(("before", i)), group_of.get(("after", j))
        number = ours if ours is not None else theirs if theirs is not None else len(groups)
        members = groups.setdefault(number, (set(), set()))
        if ours is not None and theirs is not None and ours != theirs:  # two groups become one
            for side, moved in (("before", groups[theirs][0]), ("after", groups[theirs][1])):
                group_of.update({(side, each): ours for each in moved})
            members[0].update(groups[theirs][0])
            members[1].update(groups[theirs][1])
            groups[theirs] = (set(), set())
        members[0].add(i)
        members[1].add(j)
        group_of["before", i] = group_of["after", j] = number
    for ones, others in groups.values():
        if ones or others:
            yield [before[i] for i in sorted(ones)], [after[j] for j in sorted(others)]
    yield from (([one], []) for i, one in enumerate(before) if ("before", i) not in group_of)
    yield from (([], [other]) for j, other in enumerate(after) if ("after", j) not in group_of)


def _same(one: Turn, other: Turn) -> bool:
    shared = min(one.speech_end_ms, other.speech_end_ms) - max(one.onset_ms, other.onset_ms)
    shorter = min(one.speech_end_ms - one.onset_ms, other.speech_end_ms - other.onset_ms)
    return shared > 0 and shared >= MATCH * shorter


def shift_ms(differences: Iterable[Difference]) -> int:
    """By how much the answers come later (positive) or sooner: the median over the turns that were kept; 0 without."""
    moved = [each.later_ms for each in differences if each.change is Change.KEPT and each.later_ms is not None]
    return round(median(moved)) if moved else 0


def in_words(differences: Iterable[Difference]) -> str:
    """One line: `1 turn cut at 12.4 s, answers 200 ms sooner`; `no difference` when there is none."""
    every = list(differences)
    parts = []
    for change in (Change.CUT, Change.JOINED, Change.LOST, Change.NEW):
        hit = [each for each in every if each.change is change]
        if hit:
            places = " and ".join(f"{each.at_ms / 1000:.1f}" for each in hit[:2])
            more = ", ..." if len(hit) > 2 else ""
            count = sum(max(1, len(each.before)) for each in hit)
            parts.append(f"{count} turn{'s' if count > 1 else ''} {change} at {places}{more} s")
    if abs(shift := shift_ms(every)) > SAME_MS:
        parts.append(f"answers {abs(shift)} ms {'later' if shift > 0 else 'sooner'}")
    return ", ".join(parts) or "no difference"
