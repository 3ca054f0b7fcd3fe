"""The turns of a whole recorded session decided again: frames, and what happened between them.

As lab/whatif.py, but rules may change on the way, be off for a while, and the client may take or drop audio. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil

from tui_assistant.engine.endpoint import EFFECT_MS, UNJUDGED_P
from tui_assistant.engine.ports import FRAME_MS, Judged
from tui_assistant.engine.turn import Question, Started, Stopped, TurnTracker, prefix_padding_ms
from tui_assistant.lab.whatif import Turn
from tui_assistant.protocol.items import JsonObject
from tui_assistant.protocol.session import SemanticVad, ServerVad, TurnDetection

Rules = ServerVad | SemanticVad
_AFTER = EFFECT_MS // FRAME_MS  # frames from a question to the one that its answer is in effect at


@dataclass(frozen=True, slots=True)
class Judgeable:
    """One frame: p(speech) as the engine used it, and P(end of turn) in effect, if any was."""

    end_ms: int
    p: float
    judged: float | None = None


@dataclass(frozen=True, slots=True)
class Configured:
    """turn_detection from here on; None: turns are taken by hand. `at_ms`: of the audio that had come."""

    rules: TurnDetection | None
    at_ms: float


@dataclass(frozen=True, slots=True)
class Taken:
    """The client has committed or cleared the audio up to `at_ms`."""

    at_ms: float
    committed: bool


@dataclass(frozen=True, slots=True)
class BrokenOff:
    """No audio came any more: an open turn ends."""

    at_ms: int
    reason: JsonObject


Step = Configured | Taken | BrokenOff


def redecide(
    frames: Sequence[Judgeable],
    steps: Iterable[tuple[int, Step]],
    change: Callable[[Rules], Rules] = lambda rules: rules,
) -> tuple[Turn, ...]:
    """The turns under the recorded rules, each run through `change`.

    `steps`: what happened, each with the number of frames before it, in order; the first rules come as a step too.
    """
    decider = _Decider(frames, change)
    waiting = list(reversed(list(steps)))
    for index in range(len(frames)):
        while waiting and waiting[-1][0] <= index:
            decider.step(waiting.pop()[1])
        decider.frame(index)
    while waiting:
        decider.step(waiting.pop()[1])
    return decider.end()


@dataclass(slots=True)
class _Decider:
    frames: Sequence[Judgeable]
    change: Callable[[Rules], Rules]
    found: list[Turn] = field(default_factory=list)
    _tracker: TurnTracker | None = None
    _rules: Rules | None = None
    _started: Started | None = None
    _start_ms: int = 0  # where the audio of the open turn begins
    _speech_end_ms: int = 0
    _earliest_ms: int = 0  # audio before it belongs to an earlier turn

    def step(self, step: Step) -> None:
        match step:
            case Configured(rules=None):
                self._tracker = self._rules = None  # an open turn stays for the client's commit
            case Configured(rules=rules, at_ms=at_ms):
                assert rules is not None
                self._rules = self.change(rules)
                if self._tracker is not None:
                    self._tracker.configure(self._rules)
                else:
                    self._tracker = TurnTracker(
                        self._rules, judged=any(each.judged is not None for each in self.frames)
                    )
                    self._tracker.abandon(ceil(at_ms))
                    self._started = None
            case Taken(at_ms=at_ms, committed=committed):
                if self._started is not None and committed:
                    self._close(Stopped(int(at_ms), {"rule": "commit"}))
                self._started, self._earliest_ms = None, int(at_ms)
                if self._tracker is not None:  # a frame that began before holds some of what was taken
                    self._tracker.abandon(ceil(at_ms))
            case BrokenOff(at_ms=at_ms, reason=reason):
                if self._tracker is not None and self._tracker.open:
                    self._close(self._tracker.stop(at_ms, reason))
                    self._tracker.abandon(at_ms)  # as the engine: what began before belongs to the turn that ended

    def frame(self, index: int) -> None:
        tracker, frame = self._tracker, self.frames[index]
        if tracker is None or self._rules is None:
            return
        if self._started is not None and frame.p >= tracker.release:
            self._speech_end_ms = frame.end_ms
        outcome = tracker.frame(frame.end_ms - FRAME_MS, frame.p)
        match outcome:
            case Started():
                self._started, self._speech_end_ms = outcome, outcome.at_ms
                self._start_ms = max(self._earliest_ms, outcome.onset_ms - prefix_padding_ms(self._rules))
            case Stopped():
                self._close(outcome)
            case Question():
                after = index + _AFTER
                p_end = self.frames[after].judged if after < len(self.frames) else None
                tracker.judged(Judged(UNJUDGED_P, "none") if p_end is None else Judged(p_end, "recorded"))

    def end(self) -> tuple[Turn, ...]:
        if self._started is not None:
            self._add(None)
        return tuple(self.found)

    def _close(self, stopped: Stopped) -> None:
        self._add(stopped)
        self._started, self._earliest_ms = None, stopped.at_ms

    def _add(self, stopped: Stopped | None) -> None:
        assert self._started is not None
        self.found.append(
            Turn(
                audio_start_ms=self._start_ms,
                onset_ms=self._started.onset_ms,
                started_ms=self._started.at_ms,
                speech_end_ms=self._speech_end_ms,
                stopped_ms=stopped.at_ms if stopped else None,
                why_started=self._started.reason,
                why_stopped=stopped.reason if stopped else None,
            )
        )
