"""Holding a key to talk: from the edges of the talk key to who has the floor. Pure: times are passed in.

Three methods, by what the terminal tells of a key: RELEASED (it reports the release), INFERRED (only auto-repeat, whose
end is the release) and TOGGLE (one press begins, the next one sends).
"""

from __future__ import annotations

from tui_assistant.client.repeat import BURST_MS, LONGEST_FIRST_MS, Learned, Presses, Repeats
from tui_assistant.client.talk_key import Begin, Edge, End, EndReason, HoldPhase, KeyEdge, Method, Resume, Step, Warn

__all__ = [
    "Begin",
    "Edge",
    "End",
    "EndReason",
    "Hold",
    "HoldPhase",
    "KeyEdge",
    "Learned",
    "Method",
    "Resume",
    "Step",
    "Warn",
]

TAP_MS = 250.0  # released method: a press shorter than this is a tap
LATCH_MS = 30_000.0  # as long as a tap keeps the floor at most; shown as a countdown
LATCH_SILENCE_MS = 1_500.0  # latched, and speech was heard: this much without it ends the turn
MEANT_MS = 800.0  # a tap this soon after silence or the countdown has ended the turn was meant to end it
LONGEST_MS = 120_000.0  # the longest turn
WARN_MS = 10_000.0  # the warning comes this much before it
BOUNCE_MS = 40.0  # a press this soon after the release is the key's (or a remote desktop's) chatter: nobody is so fast
LATE_MS = 300.0  # a pulse this soon after the tail has gone may still be a late repeat
PUNCTUAL_MS = 10.0  # a tick later than this: our own process stood still, and repeats may be waiting, too:
EXCUSE_MS = 60.0  # they get this much time to arrive
STALL_MS = 1_000.0  # but no process stands still for longer

DOWN = (HoldPhase.PRESSED, HoldPhase.ARMED, HoldPhase.HELD)
TAKEN = (*DOWN, HoldPhase.LATCHED)


class Hold:
    """One talk key. Every call returns what follows from it, in order; `Begin` and `End` alternate (`Resume` takes back
    an `End`). Edges may come out of order, doubled or not at all: the floor is never kept for longer than LONGEST_MS.

    A press follows the rules that fit its edges: a PULSE is treated as INFERRED even where the method is RELEASED. With
    INFERRED or TOGGLE chosen, releases are ignored.

    After silence or the countdown has ended a latched turn, a tap within MEANT_MS meant that end: it does nothing, no
    new turn begins. A key that turns out to be held then begins late, with `Begin.at_ms` at its press.
    """

    def __init__(self, method: Method = Method.TOGGLE, learned: Learned | None = None, *, tail_ms: int = 200) -> None:
        self.method = method
        self.phase = HoldPhase.FREE
        self.tail_ms = tail_ms
        self._repeats = Repeats(learned or Learned())
        self._presses = Presses()
        self._now = float("-inf")
        self._took = self._press = self._last = self._speech_at = self._gap_due = self._free_at = float("-inf")
        self._down = False  # released method: the key is down, as far as we were told
        self._pulsed = False  # the press is known by pulses only
        self._ended_at = self._pause = float("-inf")
        self._latched = False  # under the press that goes on there is a latched turn
        self._switched = False  # taken by toggle: neither silence nor a countdown ends it
        self._late = False  # the press may be a late repeat of the hold before
        self._stale: float | None = None  # a key that is still down does nothing: until pulses pause for this long
        self._maybe: float | None = None  # a press that does nothing if it is a tap
        self._spoke = self._warned = self._excused = False
        self._reason: EndReason | None = None  # of the last end

    @property
    def learned(self) -> Learned:
        """What this terminal's auto-repeat is like; to be stored when it has changed after a hold."""
        return self._repeats.learned

    @learned.setter
    def learned(self, learned: Learned) -> None:
        self._repeats = Repeats(learned)

    @property
    def deadline(self) -> float | None:
        """When `tick` is to be called at the latest; None while nothing is awaited."""
        return min(self._due(), default=None)

    @property
    def countdown_ms(self) -> float | None:
        """Latched, or near the longest hold: when the floor is given back by itself, in client time."""
        if self.phase in TAKEN and self._warned:
            return self._took + LONGEST_MS
        return self._took + LATCH_MS if self.phase is HoldPhase.LATCHED and not self._switched else None

    def key(self, edge: KeyEdge) -> list[Step]:
        """An edge of the talk key. Also when its time is a little before that of the last call."""
        now = self._clock(edge.at_ms)
        steps = self._advance(now)
        down = self.phase in DOWN
        release = edge.edge is Edge.RELEASE
        if self.method is Method.TOGGLE and not down:
            return steps + ([] if release else self._switch(edge.edge, now))
        inferred = self._pulsed if down else self.method is Method.INFERRED
        if release:
            return steps if self.method is Method.INFERRED else steps + self._release(now)
        if inferred or edge.edge is Edge.PULSE:
            return steps + self._pulse(now)
        return steps + (self._pressed(now) if edge.edge is Edge.PRESS else self._repeated(now))

    def toggle(self, now_ms: float) -> list[Step]:
        """The toggle key, a click, an empty line in plain mode: begins, or ends whatever began."""
        now = self._clock(now_ms)
        return self._advance(now) + self._toggle(now)

    def blur(self, now_ms: float) -> list[Step]:
        """The window lost the focus: counts as release. A latched turn needs no key and goes on."""
        now = self._clock(now_ms)
        steps = self._advance(now)
        self._down, self._maybe = False, None
        return steps + (self._end(now, EndReason.BLUR) if self.phase in DOWN else [])

    def heard(self, speech: bool, now_ms: float) -> list[Step]:
        """The local detector's word on one frame, while the floor is held."""
        now = self._clock(now_ms)
        steps = self._advance(now)
        if speech and self.phase in TAKEN:
            self._spoke, self._speech_at = True, now
        return steps

    def tick(self, now_ms: float) -> list[Step]:
        """Time has passed."""
        return self._advance(self._clock(now_ms))

    def drop(self) -> None:
        """The floor was taken away (escape, mute, a lost link): forget it; the key that is still down does nothing."""
        self._still_down()
        self._repeats.finish()
        self._maybe = self._presses.waiting = self._reason = None
        self.phase = HoldPhase.FREE

    # time

    def _clock(self, now_ms: float) -> float:
        self._now = max(self._now, now_ms)
        return self._now

    def _due(self) -> list[float]:
        """When time alone decides something, for each thing that it may decide."""
        due = []
        if self.phase in TAKEN:
            due.append(self._took + LONGEST_MS - (0 if self._warned else WARN_MS))
        match self.phase:
            case HoldPhase.PRESSED:
                due.append(self._press + TAP_MS)
            case HoldPhase.ARMED:
                due.append(self._press + self._repeats.first_window_ms)
            case HoldPhase.HELD if self._pulsed:
                due.append(self._gap_due)
            case HoldPhase.LATCHED if not self._switched:
                due.append(self._took + LATCH_MS)
                due += [self._speech_at + LATCH_SILENCE_MS] if self._spoke else []
            case HoldPhase.ENDING:
                due.append(self._free_at)
        if self._maybe is not None:
            due.append(self._maybe + (self._repeats.first_window_ms if self._pulsed else TAP_MS))
        return due if self._presses.due is None else [*due, self._presses.due]

    def _advance(self, now: float) -> list[Step]:
        """Does what was due up to `now`, in its order."""
        late = now - self._gap_due
        if self.phase is HoldPhase.HELD and self._pulsed and PUNCTUAL_MS < late < STALL_MS and not self._excused:
            self._excused, self._gap_due = True, now + EXCUSE_MS
        steps: list[Step] = []
        while (due := min(self._due(), default=now + 1)) <= now:
            steps += self._fire(due)
        return steps

    def _fire(self, at: float) -> list[Step]:
        """What time decides at `at`, the earliest of `_due`. Each call makes something no longer due."""
        if (waiting := self._presses.waiting) is not None and at == self._presses.due:
            self._presses.waiting = None
            return self._toggle(waiting)
        if self.phase in TAKEN and at >= self._took + LONGEST_MS:
            return self._end(at, EndReason.LONGEST)
        if self.phase in TAKEN and not self._warned and at >= self._took + LONGEST_MS - WARN_MS:
            self._warned = True
            return [Warn(WARN_MS)]
        match self.phase:
            case HoldPhase.PRESSED:
                self.phase = HoldPhase.HELD
            case HoldPhase.ARMED:
                return self._alone()
            case HoldPhase.HELD:
                return self._end(at, EndReason.GAP)
            case HoldPhase.LATCHED:
                return self._end(at, EndReason.COUNTDOWN if at >= self._took + LATCH_MS else EndReason.SILENCE)
            case HoldPhase.ENDING if at >= self._free_at:
                self.phase = HoldPhase.FREE
            case _:  # only a press that may be a tap is left
                return self._was_meant()
        return []

    # presses

    def _pressed(self, now: float) -> list[Step]:
        """The terminal says: down."""
        again, since, self._last = self._down, now - self._last, now
        self._down = True
        if self.phase in DOWN or (again and since < LONGEST_FIRST_MS):
            return []  # a repeat by another name, or of a key that does nothing
        self._pulsed, self._press = False, now
        if self.phase is HoldPhase.ENDING and self._reason is EndReason.RELEASED and since < BOUNCE_MS:
            self.phase = HoldPhase.HELD
            return [Resume(now)]
        if self._was_just_ended(now):
            self._maybe = now
            return []
        return self._take(now, HoldPhase.PRESSED)

    def _repeated(self, now: float) -> list[Step]:
        self._last = now
        return []

    def _release(self, now: float) -> list[Step]:
        """The terminal says: up."""
        self._down, self._maybe, self._last = False, None, now
        if self.phase is HoldPhase.PRESSED:
            if self._latched:
                return self._end(self._press, EndReason.TAP)
            self.phase = HoldPhase.LATCHED
        elif self.phase in DOWN:
            return self._end(now, EndReason.RELEASED)
        return []

    def _pulse(self, now: float) -> list[Step]:
        """The terminal says: down, or still down."""
        gap, self._last = now - self._last, now
        if self._stale is not None:
            stale, self._stale = self._stale, self._repeats.window_ms
            if gap < stale:
                return []
            self._stale = None
        if self.phase in DOWN:
            return self._again(now, gap)
        window = self._repeats.window_ms
        self._pulsed, self._gap_due, self._excused = True, now + window, False
        if self.phase is HoldPhase.ENDING and self._reason is EndReason.GAP:
            self._repeats.pulse(now)
            self.phase = HoldPhase.HELD
            return [Resume(now)]
        if self._maybe is not None:
            self._repeats.pulse(now)
            return self._was_meant(held=True)
        if self._was_just_ended(now):
            self._maybe = now
            self._repeats.press(now)
            return []
        self._late = self.phase is HoldPhase.FREE and self._reason is EndReason.GAP and now - self._free_at < LATE_MS
        self._pause, self._press = gap, now
        self._repeats.press(now, fresh=not self._late)
        return self._take(now, HoldPhase.ARMED)

    def _again(self, now: float, gap: float) -> list[Step]:
        """A pulse of a key that is down."""
        if self.phase is HoldPhase.ARMED:
            if gap < BURST_MS:
                return []  # chatter; what was held up together goes on, anyway
            if self._late and gap < self._repeats.window_ms:
                self._repeats.late(self._pause)
            self.phase = HoldPhase.HELD
        self._repeats.pulse(now)
        self._gap_due, self._excused = now + self._repeats.window_ms, False
        return []

    def _alone(self) -> list[Step]:
        """No repeat came in time: a tap, or the last, late repeat of a hold that is over."""
        if self._latched:
            self.phase = HoldPhase.LATCHED
            return self._end(self._press, EndReason.TAP)
        if self._late and not self._spoke:
            return self._end(self._press, EndReason.GAP)
        self.phase = HoldPhase.LATCHED
        return []

    def _switch(self, edge: Edge, now: float) -> list[Step]:
        """An edge where a press switches."""
        if edge is Edge.REPEAT or (edge is Edge.PULSE and not self._presses.pulse(now)):
            return []
        return self._toggle(now)

    def _toggle(self, at: float) -> list[Step]:
        if self.phase in TAKEN:
            return self._end(at, EndReason.TAP)
        if self._was_just_ended(at):
            return []
        steps = self._take(at, HoldPhase.LATCHED)
        self._switched = True
        return steps

    def _was_just_ended(self, now: float) -> bool:
        ended = self._reason in (EndReason.SILENCE, EndReason.COUNTDOWN)
        return ended and self.phase not in TAKEN and now - self._ended_at < MEANT_MS

    def _was_meant(self, *, held: bool = False) -> list[Step]:
        """A press just after silence or the countdown has ended the turn: for a released key now held long enough; for
        pulses only when the next one has come."""
        press, self._maybe = self._maybe, None
        if press is None or (self._pulsed and not held):
            return []
        return self._take(press, HoldPhase.HELD)

    # the floor

    def _take(self, at: float, phase: HoldPhase) -> list[Step]:
        """Begins, or goes on with a latched turn below the press."""
        if self.phase is HoldPhase.LATCHED:
            self.phase, self._latched = phase, True
            return []
        self.phase, self._took, self._maybe = phase, at, None
        self._latched = self._switched = self._spoke = self._warned = False
        return [Begin(at)]

    def _end(self, at: float, reason: EndReason) -> list[Step]:
        if reason not in (EndReason.GAP, EndReason.RELEASED):
            self._still_down()
        self._repeats.finish()
        self._reason, self._ended_at, self._free_at = reason, at, at + self.tail_ms
        self.phase = HoldPhase.ENDING if self._free_at > self._now else HoldPhase.FREE
        return [End(at, reason, self._spoke)]

    def _still_down(self) -> None:
        """The floor is taken from a key that is down: what it still sends does nothing. A pause is its release."""
        if self.phase in DOWN and self._pulsed:
            armed = self.phase is HoldPhase.ARMED
            self._stale = self._repeats.first_window_ms if armed else self._repeats.window_ms
