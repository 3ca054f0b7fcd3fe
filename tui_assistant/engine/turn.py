"""Turn detection: frames of p(speech) in, beginnings and ends of turns out.

The same code runs in the full session, in TurnDetector, in `detect` and in the lab. Times are milliseconds of input.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui_assistant.engine.endpoint import EFFECT_MS, FIRST_SLOT_MS, UNJUDGED_P, JudgedSilence, endpointer, next_slot
from tui_assistant.engine.observation import FrameSeen, TurnState
from tui_assistant.engine.ports import FRAME_MS, Judged
from tui_assistant.errors import LocalProtocolError
from tui_assistant.protocol.items import JsonObject
from tui_assistant.protocol.session import SemanticVad, ServerVad

if TYPE_CHECKING:
    from tui_assistant.engine.frontend import Frame  # brings numpy, which the screen's what-if does not need

MIN_THRESHOLD = 0.05  # at 0 every frame would be speech and no turn would ever end
HYSTERESIS = 0.15  # speech goes on down to threshold - 0.15: the best found on labelled speech
MIN_RELEASE = 0.01
MIN_SPEECH_MS = 64  # two frames: shorter bursts are clicks, not speech
LONGEST_TURN_MS = 120_000  # nobody speaks so long to an assistant: a fan, a television
DEFAULT_THRESHOLD = 0.5  # semantic_vad has no threshold of its own
SEMANTIC_PREFIX_MS = 300

_OPEN = (TurnState.SPEECH, TurnState.WAITING)


@dataclass(frozen=True, slots=True)
class Started:
    """A turn begins at `onset_ms`; decided at `at_ms`."""

    onset_ms: int
    at_ms: int
    reason: JsonObject


@dataclass(frozen=True, slots=True)
class Stopped:
    """A turn ended; decided at `at_ms`, which is also where its audio ends."""

    at_ms: int
    reason: JsonObject


@dataclass(frozen=True, slots=True)
class Question:
    """The judge is to be asked at `at_ms`, after `silence_ms`; its answer takes effect 96 ms later."""

    at_ms: int
    silence_ms: int


def prefix_padding_ms(rules: ServerVad | SemanticVad) -> int:
    return rules.prefix_padding_ms if isinstance(rules, ServerVad) else SEMANTIC_PREFIX_MS


class TurnTracker:
    """Follows the turns of one stream of frames.

    Speech begins at p >= threshold for min_speech_ms (two frames running), goes on while p >= threshold - hysteresis
    (0.15), and the turn ends when the endpointer says so. Frames that began before `not_before_ms` do not count towards
    an onset.
    """

    def __init__(self, rules: ServerVad | SemanticVad, *, judged: bool = False) -> None:
        """`judged`: somebody answers questions; else semantic_vad waits as at P = 0.5."""
        self.state = TurnState.IDLE
        self._judged = judged
        self._question: Question | None = None  # whose answer is not in effect yet
        self._answer: Judged | None = None  # to the open question
        self._next_slot_ms = FIRST_SLOT_MS
        self._endpointer = endpointer(rules)
        self._not_before_ms = 0
        self._closed_by: float | None = None  # the judge's P that was in effect when the turn ended, in this frame
        self._onset_ms = 0
        self._speech_end_ms = 0  # end of the last frame of speech in the open turn
        self.configure(rules)

    def configure(self, rules: ServerVad | SemanticVad) -> None:
        """New rules hold from the next frame on, also inside a turn."""
        threshold = rules.threshold if isinstance(rules, ServerVad) else DEFAULT_THRESHOLD
        self._threshold = max(threshold, MIN_THRESHOLD)
        hysteresis = HYSTERESIS if rules.hysteresis is None else rules.hysteresis
        # Rounded, because 0.45 - 0.15 is a little over 0.3 in binary and p = 0.3 is meant to be enough.
        self._release = max(round(self._threshold - hysteresis, 9), MIN_RELEASE)
        self._min_speech_ms = MIN_SPEECH_MS if rules.min_speech_ms is None else rules.min_speech_ms
        before = self._endpointer if self.open else None
        self._endpointer = endpointer(rules)
        if isinstance(before, JudgedSilence) and isinstance(self._endpointer, JudgedSilence):
            self._endpointer = replace(before, longest_ms=self._endpointer.longest_ms)
        else:
            self._question = None

    @property
    def release(self) -> float:
        """p down to which speech goes on."""
        return self._release

    @property
    def needed_ms(self) -> int:
        """The silence that would end an open turn, as far as is known now."""
        return self._endpointer.needed_ms

    @property
    def question(self) -> Question | None:
        """The question whose answer is not in effect yet."""
        return self._question

    def blocked(self, end_ms: int) -> bool:
        """A frame that ends at `end_ms` cannot be decided before the open question has its answer."""
        return self._question is not None and self._answer is None and end_ms >= self._question.at_ms + EFFECT_MS

    def judged(self, answer: Judged) -> None:
        """Answers the open question; P is rounded, so that processors which differ in the last bits decide alike."""
        if self._question is None:
            raise LocalProtocolError("no question is open")
        self._answer = Judged(round(min(1.0, max(0.0, answer.p)), 3), answer.judge)

    @property
    def open(self) -> bool:
        return self.state in _OPEN

    def silence_ms(self, now_ms: int) -> int:
        """Since the last frame of speech of the open turn; 0 when none is open."""
        return now_ms - self._speech_end_ms if self.open else 0

    def frame(self, start_ms: int, p: float) -> Started | Stopped | Question | None:
        """Decides at the end of the frame that began at `start_ms` and had probability `p` of speech."""
        end_ms = start_ms + FRAME_MS
        self._closed_by = None
        if not self.open:
            return self._listen(start_ms, end_ms, p)
        if p >= self._release:
            self._speech_end_ms = end_ms
            self.state = TurnState.SPEECH
            self._hear_no_silence()
        else:
            self.state = TurnState.WAITING
            self._let_answer_work(end_ms)
            if reason := self._endpointer.over(end_ms - self._speech_end_ms):
                return self._close(end_ms, reason)
        turn_ms = end_ms - self._onset_ms
        if turn_ms >= LONGEST_TURN_MS:
            return self._close(end_ms, {"rule": "max_turn", "turn_ms": turn_ms, "longest_ms": LONGEST_TURN_MS})
        return self._ask(end_ms)

    def _ask(self, end_ms: int) -> Question | None:
        silence_ms = end_ms - self._speech_end_ms
        if silence_ms < self._next_slot_ms:
            return None
        self._next_slot_ms = next_slot(silence_ms)
        if not self._judged or not isinstance(self._endpointer, JudgedSilence):
            return None
        self._question, self._answer = Question(end_ms, silence_ms), None
        return self._question

    def _let_answer_work(self, end_ms: int) -> None:
        if self._question is None or end_ms < self._question.at_ms + EFFECT_MS:
            return
        if self._answer is None:
            raise LocalProtocolError("the judge's answer is missing")
        if isinstance(self._endpointer, JudgedSilence):
            self._endpointer = replace(self._endpointer, p=self._answer.p, judge=self._answer.judge)
        self._question = None

    def _hear_no_silence(self) -> None:
        """What was asked and answered about a silence does not hold for the next one."""
        if self._next_slot_ms == FIRST_SLOT_MS:
            return
        self._next_slot_ms = FIRST_SLOT_MS
        self._question = None
        if isinstance(self._endpointer, JudgedSilence):
            self._endpointer = replace(self._endpointer, p=UNJUDGED_P, judge="none")

    def _listen(self, start_ms: int, end_ms: int, p: float) -> Started | None:
        if p < self._threshold or start_ms < self._not_before_ms:
            self.state = TurnState.IDLE
            return None
        if self.state is TurnState.IDLE:
            self._onset_ms = start_ms
            self.state = TurnState.ONSET
        held_ms = end_ms - self._onset_ms
        if held_ms < self._min_speech_ms:
            return None
        self.state = TurnState.SPEECH
        self._speech_end_ms = end_ms
        reason = {"rule": "threshold", "p": p, "threshold": self._threshold, "held_ms": held_ms}
        return Started(self._onset_ms, end_ms, reason)

    def stop(self, at_ms: int, reason: JsonObject) -> Stopped:
        """Ends the open turn for a reason that no frame holds (no_audio, end_of_input)."""
        if not self.open:
            raise LocalProtocolError("no turn is open")
        return self._close(at_ms, reason)

    def abandon(self, at_ms: int) -> None:
        """The audio before `at_ms` was taken or dropped by the client: an open turn ends without a word.

        If the voice goes on, a new turn begins two whole frames later.
        """
        self.state = TurnState.IDLE
        self._hear_no_silence()
        self._not_before_ms = at_ms

    def _close(self, at_ms: int, reason: JsonObject) -> Stopped:
        self.state = TurnState.IDLE
        self._closed_by = self._in_effect
        self._hear_no_silence()
        return Stopped(at_ms, reason)

    @property
    def _in_effect(self) -> float | None:
        """P(end of turn) that a judge has given for this silence."""
        if not isinstance(self._endpointer, JudgedSilence) or self._endpointer.judge == "none":
            return None
        return self._endpointer.p

    def seen(self, frame: Frame) -> FrameSeen:
        """What there is to show after `frame`."""
        silence_ms = self.silence_ms(frame.end_ms)
        needed_ms = self._endpointer.needed_ms if self.open else 0
        judged = self._in_effect if self.open else self._closed_by
        return FrameSeen(frame.end_ms, frame.p, frame.rms_dbfs, self.state, silence_ms, needed_ms, judged)
