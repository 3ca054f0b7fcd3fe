"""Holding a key to talk: from the edges of the talk key to who has the floor. Pure: times are passed in.

Three methods, by what the terminal tells of a key: RELEASED (it reports the release), INFERRED (only auto-repeat, whose
end is the release) and TOGGLE (one press begins, the next one sends).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Method(StrEnum):
    """How the end of a hold is known; the words on the status line."""

    RELEASED = "released"
    INFERRED = "inferred"
    TOGGLE = "toggle"


class Edge(StrEnum):
    """What a terminal says of a key."""

    PRESS = "press"
    REPEAT = "repeat"
    RELEASE = "release"
    PULSE = "pulse"  # a press or a repeat: the terminal does not say which


@dataclass(frozen=True, slots=True)
class KeyEdge:
    """One edge of the talk key; `at_ms` is client time (monotonic) at which the input thread read it."""

    edge: Edge
    at_ms: float


class HoldPhase(StrEnum):
    """Where a hold stands; drawn on the talk key."""

    FREE = "free"  # nobody holds the floor
    PRESSED = "pressed"  # released method: down, and not yet long enough to be more than a tap
    ARMED = "armed"  # inferred method: down, the first repeat is still to come
    HELD = "held"  # down, and known to be held
    LATCHED = "latched"  # a tap took the floor: the next tap, silence or the end of the countdown gives it back
    ENDING = "ending"  # let go; the tail is still sent, and a late repeat still resumes


class EndReason(StrEnum):
    """Why a hold ended."""

    RELEASED = "key released"
    GAP = "auto-repeat stopped"
    TAP = "second tap"
    SILENCE = "silence"
    COUNTDOWN = "countdown over"
    LONGEST = "longest hold"
    BLUR = "the window lost the focus"


@dataclass(frozen=True, slots=True)
class Begin:
    """The floor is taken; audio counts from `at_ms` on (pre-roll before it)."""

    at_ms: float


@dataclass(frozen=True, slots=True)
class End:
    """The floor is given back as of `at_ms`; the tail after it is still sent. `spoke`: the local detector heard speech."""

    at_ms: float
    reason: EndReason
    spoke: bool


@dataclass(frozen=True, slots=True)
class Resume:
    """The release was none: a late repeat came. The floor goes on as if nothing had been; where the tail has been sent by
    then, a new turn begins, with pre-roll."""

    at_ms: float


@dataclass(frozen=True, slots=True)
class Warn:
    """The longest hold is near: `left_ms` remain."""

    left_ms: float


Step = Begin | End | Resume | Warn


@dataclass(frozen=True, slots=True)
class Learned:
    """What this terminal's auto-repeat is like, in milliseconds; 0: not known yet."""

    first_ms: float = 0.0  # from the press to the first repeat: the longest usual one
    median_ms: float = 0.0  # between repeats
    p95_ms: float = 0.0


class Hold:
    """One talk key. Every call returns what follows from it, in order."""

    def __init__(self, method: Method = Method.TOGGLE, learned: Learned | None = None, *, tail_ms: int = 200) -> None:
        self.method = method
        self.learned = learned or Learned()
        self.phase = HoldPhase.FREE
        self._tail_ms = tail_ms

    @property
    def deadline(self) -> float | None:
        """When `tick` is to be called at the latest; None while nothing is awaited."""
        raise NotImplementedError

    @property
    def countdown_ms(self) -> float | None:
        """Latched, or near the longest hold: when the floor is given back by itself, in client time."""
        raise NotImplementedError

    def key(self, edge: KeyEdge) -> list[Step]:
        """An edge of the talk key."""
        raise NotImplementedError

    def toggle(self, now_ms: float) -> list[Step]:
        """The toggle key, a click, an empty line in plain mode: begins, or ends whatever began."""
        raise NotImplementedError

    def blur(self, now_ms: float) -> list[Step]:
        """The window lost the focus: counts as release."""
        raise NotImplementedError

    def heard(self, speech: bool, now_ms: float) -> list[Step]:
        """The local detector's word on one frame, while the floor is held."""
        raise NotImplementedError

    def tick(self, now_ms: float) -> list[Step]:
        """Time has passed."""
        raise NotImplementedError

    def drop(self) -> None:
        """The floor was taken away (escape, mute, a lost link): forget it; the key that is still down does nothing."""
        raise NotImplementedError
