"""Fit: from turns that the user has marked to the rules that would have made fewer of these errors. Pure.

Every trial is run by the engine's own turn code over the recorded frames. What a trial costs:

    1      for each mark that it does not mend
    1      for each turn that it breaks: not marked, and cut, lost, joined or new; or marked and cut or lost
    1      for each second that the answers come later (the median of what turns wait for their end)
    0.02   for each step away from the present values, so that of equal ones the nearest is taken

Turns that are joined although the voice was back within a second are not broken: it was one turn, and nobody marks
every one of them.

The search goes over a small grid: threshold and silence_duration_ms (or eagerness), then min_speech_ms and hysteresis
around the best; the same in the other order; and of both what costs less.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise, product
from statistics import median
from typing import Any

from tui_assistant.engine.ports import FRAME_MS
from tui_assistant.engine.turn import HYSTERESIS, MIN_SPEECH_MS
from tui_assistant.lab.evidence import RESUMED_MS, SURE_P
from tui_assistant.lab.whatif import MATCH, Change, Difference, Turn, compare, turns
from tui_assistant.protocol.session import SemanticVad, ServerVad

THRESHOLDS = tuple(round(0.3 + 0.05 * step, 2) for step in range(13))  # 0.30 ... 0.90
SILENCES_MS = (200, 250, 300, 400, 500, 600, 700, 800, 1_000, 1_200, 1_500)
EAGERNESS = ("high", "medium", "low")  # a ladder
MIN_SPEECHES_MS = (32, 64, 96, 128, 192, 256)
HYSTERESES = (0.05, 0.1, 0.15, 0.2, 0.3)

STEPS = {"threshold": 0.05, "silence_duration_ms": 100, "min_speech_ms": 32, "hysteresis": 0.05}
STEP_COST = 0.02
LATENCY_COST = 1.0  # for a second

BACK_MS = 3_000  # who was cut off goes on within that time, or not at all
QUICKER_MS = 100  # less is no cure for "too slow"
EARLIER_MS = 200  # so much of the end of the speech may count as silence under other rules; more would be a cut
LATER_MS = 200  # a turn that was cut off, and nobody went on: it ends at least that much later

Rules = ServerVad | SemanticVad


class Fault(StrEnum):
    """As client.turns.Mark."""

    CUT_OFF = "cut_off"
    TOO_SLOW = "too_slow"
    NOT_SPEECH = "not_speech"


WORDS = {Fault.CUT_OFF: "cut off", Fault.TOO_SLOW: "too slow", Fault.NOT_SPEECH: "not speech"}


@dataclass(frozen=True, slots=True)
class MarkedTurn:
    """A turn with a mark, as it was; milliseconds on the clock of the frames."""

    fault: Fault
    onset_ms: int
    speech_end_ms: int
    stopped_ms: int


@dataclass(frozen=True, slots=True)
class Fit:
    """Better rules. `before` and `after` are the turns on the same frames; `reasons` say in words what would change."""

    rules: Rules
    changed: Mapping[str, Any]  # field -> new value
    mended: tuple[MarkedTurn, ...]
    unmended: tuple[MarkedTurn, ...]
    broken: tuple[Difference, ...]
    later_ms: int
    before: tuple[Turn, ...]
    after: tuple[Turn, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoFit:
    """Why nothing is proposed, and what to do."""

    words: str


@dataclass(frozen=True, slots=True)
class _Trial:
    rules: Rules
    turns: tuple[Turn, ...]
    mended: tuple[MarkedTurn, ...]
    broken: tuple[Difference, ...]
    later_ms: int
    cost: float


class _Search:
    def __init__(
        self,
        p: Sequence[float],
        start_ms: int,
        judged: Sequence[float | None],
        rules: Rules,
        marks: Sequence[MarkedTurn],
    ) -> None:
        self._p, self._start_ms, self._judged = p, start_ms, judged
        self._present = rules
        self._marks = marks
        self._back = {mark: self._voice_back(mark) for mark in marks}
        self.before = self._turns(rules)

    def _turns(self, rules: Rules) -> tuple[Turn, ...]:
        return turns(self._p, rules, start_ms=self._start_ms, judged=self._judged)

    def _voice_back(self, mark: MarkedTurn) -> int | None:
        """When the voice came back after a turn had ended."""
        first = max(0, (mark.stopped_ms - self._start_ms) // FRAME_MS)
        for index in range(first, min(len(self._p), first + BACK_MS // FRAME_MS)):
            if self._p[index] >= SURE_P:
                return self._start_ms + index * FRAME_MS
        return None

    def trial(self, rules: Rules) -> _Trial:
        after = self._turns(rules)
        differences = compare(self.before, after)
        mended = tuple(mark for mark in self._marks if self._mends(mark, after))
        broken = tuple(each for each in differences if self._breaks(each))
        later = round(_wait_ms(after) - _wait_ms(self.before)) if after and self.before else 0
        cost = len(self._marks) - len(mended) + len(broken) + LATENCY_COST * max(0, later) / 1000
        return _Trial(rules, after, mended, broken, later, cost + STEP_COST * _steps(self._present, rules))

    def _mends(self, mark: MarkedTurn, after: Sequence[Turn]) -> bool:
        same = [turn for turn in after if _overlaps(turn, mark)]
        if mark.fault is Fault.NOT_SPEECH:
            return not same
        if not same:
            return False
        turn = same[-1]
        if mark.fault is Fault.TOO_SLOW:
            whole = len(same) == 1 and turn.speech_end_ms >= mark.speech_end_ms - EARLIER_MS
            return whole and turn.stopped_ms is not None and turn.stopped_ms <= mark.stopped_ms - QUICKER_MS
        back = self._back[mark]
        if back is not None:
            return turn.speech_end_ms > back
        return turn.stopped_ms is None or turn.stopped_ms >= mark.stopped_ms + LATER_MS

    def _breaks(self, difference: Difference) -> bool:
        if difference.change is Change.KEPT:
            return False
        if difference.change is Change.JOINED and _resumed(difference.before):
            return False
        faults = {mark.fault for mark in self._marks for turn in difference.before if _overlaps(turn, mark)}
        if not faults:
            return True
        if difference.change is Change.JOINED:
            return Fault.CUT_OFF not in faults
        return faults != {Fault.NOT_SPEECH}

    def best(self, around: _Trial, axes: Mapping[str, Iterable[Any]]) -> _Trial:
        """The cheapest of the grid; of equals the first, so that the same input gives the same answer."""
        found = around
        names = list(axes)
        for values in product(*axes.values()):
            other = self.trial(around.rules.model_copy(update=dict(zip(names, values, strict=True))))
            if other.cost < found.cost - 1e-9:
                found = other
        return found


def fit(
    probabilities: Sequence[float],
    rules: Rules,
    marks: Sequence[MarkedTurn],
    *,
    start_ms: int = 0,
    judged: Sequence[float | None] = (),
) -> Fit | NoFit:
    """`probabilities` and `judged` as `whatif.turns` takes them; `rules` are in force."""
    if not marks:
        return NoFit("Nothing is marked: j goes to the transcript, where c, s and f say what a turn suffered from.")
    end_ms = start_ms + len(probabilities) * FRAME_MS
    known = [mark for mark in marks if start_ms <= mark.onset_ms < mark.stopped_ms <= end_ms + FRAME_MS]
    if not known:
        return NoFit("What is marked is older than the two minutes that are kept: mark turns soon after they happen.")
    search = _Search(probabilities, start_ms, judged, rules, known)
    present = search.trial(rules)
    if len(present.mended) == len(known):
        return NoFit("The values in force would not make the marked errors any more.")
    first: dict[str, Sequence[Any]] = {"threshold": THRESHOLDS, "silence_duration_ms": SILENCES_MS}
    if isinstance(rules, SemanticVad):
        first = {"eagerness": EAGERNESS}
    second = {"min_speech_ms": MIN_SPEECHES_MS, "hysteresis": HYSTERESES}
    one, other = (
        search.best(search.best(present, axes), others) for axes, others in ((first, second), (second, first))
    )
    found = one if one.cost <= other.cost else other
    if len(found.mended) <= len(present.mended):
        return NoFit("No values mend what is marked without making other errors: the presets (t) trade on purpose.")
    changed = {
        name: getattr(found.rules, name) for name in _names(rules) if _value(found.rules, name) != _value(rules, name)
    }
    unmended = tuple(mark for mark in known if mark not in found.mended)
    return Fit(
        rules=found.rules,
        changed=changed,
        mended=found.mended,
        unmended=unmended,
        broken=found.broken,
        later_ms=found.later_ms,
        before=search.before,
        after=found.turns,
        reasons=_reasons(found, unmended, len(marks) - len(known)),
    )


def _names(rules: Rules) -> tuple[str, ...]:
    own = ("eagerness",) if isinstance(rules, SemanticVad) else ("threshold", "silence_duration_ms")
    return (*own, "min_speech_ms", "hysteresis")


def _value(rules: Rules, name: str) -> Any:
    value = getattr(rules, name)
    if value is None:
        return MIN_SPEECH_MS if name == "min_speech_ms" else HYSTERESIS
    return "medium" if value == "auto" else value


def _steps(present: Rules, other: Rules) -> float:
    steps = 0.0
    for name in _names(present):
        here, there = _value(present, name), _value(other, name)
        if name in STEPS:
            steps += abs(there - here) / STEPS[name]
        else:
            steps += abs(EAGERNESS.index(there) - EAGERNESS.index(here))
    return steps


def _wait_ms(found: Sequence[Turn]) -> float:
    """The median of what the turns wait for their end."""
    waits = [turn.wait_ms for turn in found if turn.wait_ms is not None]
    return median(waits) if waits else 0.0


def _resumed(joined: Sequence[Turn]) -> bool:
    """The voice was back so soon that it was one turn."""
    return all(after.onset_ms - before.speech_end_ms < RESUMED_MS for before, after in pairwise(joined))


def _overlaps(turn: Turn, mark: MarkedTurn) -> bool:
    shared = min(turn.speech_end_ms, mark.speech_end_ms) - max(turn.onset_ms, mark.onset_ms)
    shorter = min(turn.speech_end_ms - turn.onset_ms, mark.speech_end_ms - mark.onset_ms)
    return shared > 0 and shared >= MATCH * shorter


def _reasons(found: _Trial, unmended: Sequence[MarkedTurn], old: int) -> tuple[str, ...]:
    said = [f"mends {_named(found.mended)}"]
    if unmended:
        said.append(f"does not mend {_named(unmended)}")
    if found.broken:
        said.append(
            "breaks " + ", ".join(f"a turn at {each.at_ms / 1000:.1f} s ({each.change})" for each in found.broken)
        )
    else:
        said.append("breaks no other turn")
    if abs(found.later_ms) > FRAME_MS:
        said.append(f"answers come {abs(found.later_ms)} ms {'later' if found.later_ms > 0 else 'sooner'}")
    if old:
        said.append(f"{old} {'mark is' if old == 1 else 'marks are'} too old to be counted")
    return tuple(said)


def _named(marks: Sequence[MarkedTurn]) -> str:
    return ", ".join(f"“{WORDS[mark.fault]}” at {mark.onset_ms / 1000:.1f} s" for mark in marks)
