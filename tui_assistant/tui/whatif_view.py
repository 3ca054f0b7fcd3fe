"""What other values would have made of the speech that was heard: both lanes and one line in words, for every frame of
the screen.

Both sides are run over the same frames by the engine's own turn code (lab/whatif.py): `before` with the values that
were in force when the tuning began, `after` with those that are in force now. Only frames on which the conversation's
rules decided take part. A gap, frames that are mere estimates, and a commit that came by hand part the speech, as they
do in the conversation: a turn never reaches across.

While somebody listens a frame comes every 32 ms, so what lies before the last pause is not run again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tui_assistant.client.blips import FRAME_MS
from tui_assistant.client.tuning import Tuning
from tui_assistant.lab import whatif
from tui_assistant.lab.whatif import Change, Difference, Turn
from tui_assistant.protocol.session import SemanticVad, ServerVad
from tui_assistant.runtime.api import Phase, ScopeFrame

OPEN_STEP_MS = 256  # an open turn that grows is compared anew each quarter of a second, not with each frame
NOT_RULES = {"gain_db": "gain", "tail_ms": "tail"}  # they change what is heard from now on: old frames cannot show that
NOTHING_HEARD = "speak, or play a file: what is heard is compared here"
NOTHING_DECIDED = "only hands-free speech, decided here, is compared"
NO_CHANGE = "change a value, and compare its turns here"

Rules = ServerVad | SemanticVad
Lane = tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Turns on the clock of the frames. Without a difference in the rules both lanes are empty and `words` say why."""

    words: str
    before: Lane = ()
    after: Lane = ()
    marks: tuple[int, ...] = ()  # moments at which the lanes differ
    names: tuple[str, str] = ("before", "after")
    values: tuple[str, str] = ("", "")  # the one value that was changed; "" when there are several
    heard_s: int = 0  # so much was compared
    ran: bool = False  # there is something to compare
    same: bool = True  # ... and no difference

    @property
    def figures(self) -> str:
        return f"{len(self.before)} → {len(self.after)} turns in {self.heard_s} s" if self.ran else ""


def stretches(frames: Sequence[ScopeFrame]) -> Iterator[list[ScopeFrame]]:
    """Frames that follow each other and were decided by rules, parted where a turn was committed by hand."""
    run: list[ScopeFrame] = []
    for frame in frames:
        if run and (not frame.decided or frame.at_ms - run[-1].at_ms != FRAME_MS):
            yield run
            run = []
        if not frame.decided:
            continue
        run.append(frame)
        if frame.commit and not _by_rule(run):
            yield run
            run = []
    if run:
        yield run


def _by_rule(run: list[ScopeFrame]) -> bool:
    """Rules end a turn in a silence, and the frame that decides it is outside of the turn already."""
    silent = len(run) > 1 and run[-2].phase is Phase.WAITING
    return run[-1].phase in (Phase.QUIET, Phase.ANSWER) and (silent or len(run) == 1)


def run(stretch: Sequence[ScopeFrame], rules: Rules) -> Lane:
    """The turns in one of `stretches`."""
    judged = [frame.judged for frame in stretch]
    return whatif.turns(
        [frame.p for frame in stretch],
        rules,
        start_ms=stretch[0].at_ms - FRAME_MS,
        judged=judged if any(p is not None for p in judged) else (),
    )


class WhatIf:
    """Keeps what it has found out; `update` with the same arguments costs nothing."""

    def __init__(self) -> None:
        self._frames: Sequence[ScopeFrame] = ()
        self._tunings: tuple[Tuning, Tuning] | None = None
        self._rules: tuple[Rules, Rules] = (ServerVad(), ServerVad())
        self._settled_ms = -1  # turns that ended up to here are final
        self._settled: tuple[Lane, Lane] = ((), ())
        self._heard: tuple[object, int] = (None, 0)  # counted once a second: (which second, ms that were decided)
        self._compared: object = None
        self._words = ""
        self._marks: tuple[int, ...] = ()
        self._shown = Comparison(NO_CHANGE)

    def update(self, frames: Sequence[ScopeFrame], baseline: Tuning, candidate: Tuning) -> Comparison:
        """`baseline`: the values before the change. `candidate`: those that are tried."""
        tunings = (baseline, candidate)
        if frames is self._frames and tunings == self._tunings:
            return self._shown
        if tunings != self._tunings:
            self._tunings, self._rules = tunings, (baseline.rules(), candidate.rules())
            self._forget()
        if self._frames and frames and frames[-1].at_ms < self._frames[-1].at_ms:
            self._forget()
        self._frames = frames
        if self._rules[0] == self._rules[1]:
            self._shown = Comparison(_unchanged(baseline, candidate))
        elif not self._heard_ms(frames):
            words = NOTHING_DECIDED if frames else NOTHING_HEARD
            self._shown = Comparison(words, values=_values(baseline, candidate))
        else:
            self._shown = self._compare(self._lanes(frames), _values(baseline, candidate))
        return self._shown

    def _forget(self) -> None:
        self._settled_ms, self._settled, self._compared = -1, ((), ()), None

    def _heard_ms(self, frames: Sequence[ScopeFrame]) -> int:
        second = frames[-1].at_ms // 1000 if frames else None
        if second != self._heard[0] or not self._heard[1]:
            self._heard = (second, sum(frame.decided for frame in frames) * FRAME_MS)
        return self._heard[1]

    def _lanes(self, frames: Sequence[ScopeFrame]) -> tuple[Lane, Lane]:
        oldest_ms = frames[0].at_ms - FRAME_MS
        begin = bisect_right(frames, self._settled_ms, key=lambda frame: frame.at_ms)
        parts = list(stretches(frames[begin:]))
        found = [[turn for part in parts for turn in run(part, rules)] for rules in self._rules]
        kept = [[turn for turn in lane if _end(turn) > oldest_ms] for lane in self._settled]
        lanes = (tuple(kept[0] + found[0]), tuple(kept[1] + found[1]))
        self._settle(frames, parts, (tuple(kept[0]), tuple(kept[1])), found)
        return lanes

    def _settle(
        self,
        frames: Sequence[ScopeFrame],
        parts: list[list[ScopeFrame]],
        kept: tuple[Lane, Lane],
        found: list[list[Turn]],
    ) -> None:
        """Moves the moment up to which nothing can change any more, to where no lane has a turn or its padding."""
        assert self._tunings is not None
        lead_ms = sum(
            max(getattr(each, name) for each in self._tunings) for name in ("prefix_padding_ms", "min_speech_ms")
        )
        point = frames[-1].at_ms - max(1_000, lead_ms) - 10 * FRAME_MS
        last_ms = parts[-1][-1].at_ms if parts else 0
        for turn in sorted((turn for lane in found for turn in lane), key=lambda turn: -turn.audio_start_ms):
            open_still = turn.stopped_ms is None and (not parts or turn.onset_ms >= parts[-1][0].at_ms - FRAME_MS)
            end_ms = last_ms + 1 if open_still else _ended_by_hand(turn, parts)
            if turn.audio_start_ms < point < end_ms:
                point = turn.audio_start_ms
        at = bisect_right(frames, point, key=lambda frame: frame.at_ms) - 1
        if at < 0 or frames[at].at_ms <= self._settled_ms:
            self._settled = kept
            return
        self._settled_ms = settled = frames[at].at_ms
        self._settled = (
            kept[0] + tuple(turn for turn in found[0] if _ended_by_hand(turn, parts) <= settled),
            kept[1] + tuple(turn for turn in found[1] if _ended_by_hand(turn, parts) <= settled),
        )

    def _compare(self, lanes: tuple[Lane, Lane], values: tuple[str, str]) -> Comparison:
        heard_s = self._heard[1] // 5_000 * 5 or self._heard[1] // 1000
        key = (*(tuple(map(_coarse, lane)) for lane in lanes), values)
        if key != self._compared:
            self._compared = key
            differences = whatif.compare(*lanes)
            self._words = whatif.in_words(differences)
            self._marks = tuple(place for each in differences for place in places(each))
        same = self._words == "no difference"
        words = "no difference in what was heard" if same else self._words
        return Comparison(words, *lanes, self._marks, values=values, heard_s=heard_s, ran=True, same=same)


def places(difference: Difference) -> tuple[int, ...]:
    """Every moment at which the lanes differ in their turns: where one ends that goes on in the other, or begins."""
    ending = {Change.CUT: difference.after, Change.JOINED: difference.before}.get(difference.change)
    if ending is not None:
        return tuple(_end(turn) for turn in ending[:-1])
    return () if difference.change is Change.KEPT else (difference.at_ms + FRAME_MS,)


def _coarse(turn: Turn) -> tuple[int, int]:
    return turn.onset_ms, turn.stopped_ms or -(turn.speech_end_ms // OPEN_STEP_MS)


def _end(turn: Turn) -> int:
    return turn.stopped_ms or turn.speech_end_ms


def _ended_by_hand(turn: Turn, parts: Iterable[Sequence[ScopeFrame]]) -> int:
    """When the turn was over: at the latest with its stretch."""
    if turn.stopped_ms is not None:
        return turn.stopped_ms
    return next(part[-1].at_ms for part in parts if part[0].at_ms - FRAME_MS <= turn.onset_ms < part[-1].at_ms)


def _unchanged(baseline: Tuning, candidate: Tuning) -> str:
    changed = baseline.changes(candidate)
    names = [word for name, word in NOT_RULES.items() if name in changed]
    if names:
        verb = "act" if len(names) > 1 else "acts"
        return f"{' and '.join(names)} {verb} from now on, not on what was heard"
    return NO_CHANGE


def _values(baseline: Tuning, candidate: Tuning) -> tuple[str, str]:
    """The one value that differs, as short as a label."""
    changed = {name: pair for name, pair in baseline.changes(candidate).items() if name not in NOT_RULES}
    if len(changed) != 1:
        return "", ""
    first, second = next(iter(changed.values()))
    return _short(first), _short(second)


def _short(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
