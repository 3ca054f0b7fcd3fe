"""The talk key: what a terminal says of it, where a hold stands, and what follows from that."""

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
    """The floor is given back as of `at_ms`; the tail after it is still sent."""

    at_ms: float
    reason: EndReason
    spoke: bool  # the local detector heard speech since Begin


@dataclass(frozen=True, slots=True)
class Resume:
    """The key was not let go after all: a late repeat came while the tail was still being sent. The floor goes on."""

    at_ms: float


@dataclass(frozen=True, slots=True)
class Warn:
    """The longest hold is near: `left_ms` remain."""

    left_ms: float


Step = Begin | End | Resume | Warn
