"""What the engine notices and the wire does not carry: for the scope, the recorder and the lab."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class TurnState(Enum):
    """Where the turn detection stands after a frame."""

    OFF = "turns are taken by hand"
    IDLE = "no speech"
    ONSET = "one frame of speech: a second one begins a turn"
    SPEECH = "a turn is open and the last frame was speech"
    WAITING = "a turn is open and silence runs"


@dataclass(frozen=True, slots=True)
class FrameSeen:
    """One frame of input has been heard and decided upon."""

    end_ms: int
    p: float  # p(speech), rounded to 1/1000 as it was used
    rms_dbfs: float
    state: TurnState
    silence_ms: int = 0  # of an open turn: since the last frame of speech
    needed_ms: int = 0  # silence that ends the turn
    judged: float | None = None  # P(end of turn) in the silence of a turn, its last frame too, once a judge has said it


@dataclass(frozen=True, slots=True)
class Dropped:
    """Something was refused or lost; `counter` names what is counted."""

    counter: str
    amount: int


Observation = FrameSeen | Dropped
