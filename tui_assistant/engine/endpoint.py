"""When silence inside a turn has lasted long enough to end it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tui_assistant.protocol.items import JsonObject
from tui_assistant.protocol.session import SemanticVad, ServerVad

# semantic_vad: the turn is judged at 200, 360, 520 ... ms of silence
FIRST_SLOT_MS, SLOT_STEP_MS = 200, 160
# "low, medium and high have max timeouts of 8 s, 4 s and 2 s" (session.turn_detection.eagerness); auto is medium
LONGEST_WAIT_MS = {"low": 8_000, "medium": 4_000, "auto": 4_000, "high": 2_000}
UNJUDGED_P = 0.5  # P(end of turn) where no judge has answered
# An answer takes effect this long after its question, in samples, however long it took: three frames, far more than any
# judge needs, and before the next slot.
EFFECT_MS = 96


class Endpointer(Protocol):
    """Decides at the end of each silent frame of an open turn."""

    @property
    def needed_ms(self) -> int:
        """Silence that will end the turn as things stand."""
        ...

    def over(self, silence_ms: int) -> JsonObject | None:
        """The reason when `silence_ms` since the last frame of speech end the turn."""
        ...


@dataclass(frozen=True, slots=True)
class FixedSilence:
    """server_vad: a set duration of silence."""

    needed_ms: int

    def over(self, silence_ms: int) -> JsonObject | None:
        if silence_ms < self.needed_ms:
            return None
        return {"rule": "silence", "silence_ms": silence_ms, "needed_ms": self.needed_ms}


@dataclass(frozen=True, slots=True)
class JudgedSilence:
    """semantic_vad: the first slot at which silence has lasted wait(P).

    Where the answer that says so takes effect after that slot, the turn ends with its effect.
    """

    longest_ms: int
    p: float = UNJUDGED_P
    judge: str = "none"

    @property
    def wait_ms(self) -> int:
        """wait(P) = 200 + (longest - 200) * (1 - P)^2: sure of the end 200 ms, sure of more to come the longest."""
        return round(FIRST_SLOT_MS + (self.longest_ms - FIRST_SLOT_MS) * (1 - self.p) ** 2)

    @property
    def needed_ms(self) -> int:
        slots = -(-max(0, self.wait_ms - FIRST_SLOT_MS) // SLOT_STEP_MS)
        return FIRST_SLOT_MS + slots * SLOT_STEP_MS

    def over(self, silence_ms: int) -> JsonObject | None:
        if silence_ms < self.needed_ms:
            return None
        return {"rule": "judge", "p": self.p, "wait_ms": self.wait_ms, "silence_ms": silence_ms, "judge": self.judge}


def next_slot(silence_ms: int) -> int:
    """The first slot that `silence_ms` have not reached yet."""
    return FIRST_SLOT_MS + max(0, (silence_ms - FIRST_SLOT_MS) // SLOT_STEP_MS + 1) * SLOT_STEP_MS


def endpointer(rules: ServerVad | SemanticVad) -> Endpointer:
    """The endpointer that a turn_detection configuration asks for."""
    if isinstance(rules, ServerVad):
        return FixedSilence(rules.silence_duration_ms)
    return JudgedSilence(LONGEST_WAIT_MS[rules.eagerness])
