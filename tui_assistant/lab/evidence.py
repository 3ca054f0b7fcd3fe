"""What is known of a room and a voice, and how many errors given rules make on exactly that. Pure.

Three kinds of frames are evidence, each for something else:

quiet     nobody speaks (three seconds of silence; the assistant's own voice through the speakers): a turn is a false
          start
sentence  one sentence, read aloud: no turn is a miss, each turn beyond the first a cut-off
history   what the session heard last, without labels: a turn that is short and no louder than the middle between noise
          and voice is a false start; a turn after which the voice is back within RESUMED_MS was cut off
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from tui_assistant.engine.ports import FRAME_MS
from tui_assistant.lab import whatif
from tui_assistant.protocol.session import SemanticVad, ServerVad

SILENT_DBFS = -120.0
RESUMED_MS = 1_000  # who goes on so soon had not finished: an answer would have begun in the middle of the sentence
SHORT_MS = 256  # of speech: "yes" and "stop" are longer; a click, a cough or a door is mostly not
COVERED = 0.5  # of the sentence's speech must lie in turns, else it was missed: as `evaluate` counts


class FrameLike(Protocol):
    """A frame of FRAME_MS: runtime.api.ScopeFrame is one."""

    @property
    def p(self) -> float: ...

    @property
    def rms_dbfs(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Heard:
    """One stretch of consecutive frames; impossible figures (NaN, outside their range) are made possible."""

    p: tuple[float, ...] = ()
    dbfs: tuple[float, ...] = ()

    @classmethod
    def of(cls, frames: Sequence[FrameLike]) -> Heard:
        return cls(
            tuple(_within(frame.p, 0.0, 1.0) for frame in frames),
            tuple(_within(frame.rms_dbfs, SILENT_DBFS, 0.0) for frame in frames),
        )

    @property
    def ms(self) -> int:
        return len(self.p) * FRAME_MS


def _within(value: float, low: float, high: float) -> float:
    return low if math.isnan(value) else min(high, max(low, value))


def power_mean(levels: Sequence[float]) -> float:
    """The level of several frames taken together, in dBFS; SILENT_DBFS without any."""
    if not levels:
        return SILENT_DBFS
    return max(SILENT_DBFS, 10 * math.log10(sum(10 ** (level / 10) for level in levels) / len(levels)))


@dataclass(frozen=True, slots=True)
class Evidence:
    quiet: tuple[Heard, ...] = ()
    sentence: Heard = Heard()
    history: Heard = Heard()
    noise_dbfs: float = SILENT_DBFS
    voice_dbfs: float = SILENT_DBFS


@dataclass(frozen=True, slots=True)
class Figures:
    """Errors on the evidence, and the same by the minute."""

    false_starts: int = 0
    cut_offs: int = 0
    missed: int = 0  # 1: the sentence was not heard
    quiet_ms: int = 0  # of evidence on which a false start could happen ...
    spoken_ms: int = 0  # ... and a cut-off

    @property
    def errors(self) -> int:
        return self.false_starts + self.cut_offs + self.missed

    @property
    def false_starts_a_minute(self) -> float:
        return self.false_starts * 60_000 / self.quiet_ms if self.quiet_ms else 0.0

    @property
    def cut_offs_a_minute(self) -> float:
        return self.cut_offs * 60_000 / self.spoken_ms if self.spoken_ms else 0.0


def figures(evidence: Evidence, rules: ServerVad | SemanticVad) -> Figures:
    """What the engine's own turn code makes of the evidence under `rules`."""
    false = sum(len(whatif.turns(heard.p, rules)) for heard in evidence.quiet)
    read = whatif.turns(evidence.sentence.p, rules)
    lived = whatif.turns(evidence.history.p, rules)
    cut = max(0, len(read) - 1)
    missed = 0
    if evidence.sentence.p and spoken_ms(evidence.sentence.p) and _covered(evidence.sentence.p, read) < COVERED:
        missed, cut = 1, 0
    slight = [turn for turn in lived if _slight(turn, evidence)]
    true = [turn for turn in lived if turn not in slight]
    cut += sum(
        one.stopped_ms is not None and other.onset_ms - one.speech_end_ms < RESUMED_MS for one, other in pairwise(true)
    )
    return Figures(
        false_starts=false + len(slight),
        cut_offs=cut,
        missed=missed,
        quiet_ms=sum(heard.ms for heard in evidence.quiet) + evidence.history.ms,
        spoken_ms=evidence.sentence.ms + evidence.history.ms,
    )


SURE_P = 0.5  # speech in the sentence is what the detector's own middle calls so, whatever the threshold


def spoken_ms(probabilities: Sequence[float]) -> int:
    return sum(p >= SURE_P for p in probabilities) * FRAME_MS


def _covered(probabilities: Sequence[float], turns: Sequence[whatif.Turn]) -> float:
    """Which part of the frames of speech lies in turns."""
    spoken = [index * FRAME_MS for index, p in enumerate(probabilities) if p >= SURE_P]
    inside = sum(any(turn.onset_ms <= at < turn.speech_end_ms for turn in turns) for at in spoken)
    return inside / len(spoken)


def _slight(turn: whatif.Turn, evidence: Evidence) -> bool:
    """Short, and nearer to the noise than to the voice."""
    if turn.speech_end_ms - turn.onset_ms > SHORT_MS:
        return False
    levels = evidence.history.dbfs[turn.onset_ms // FRAME_MS : turn.speech_end_ms // FRAME_MS]
    return power_mean(levels) < (evidence.noise_dbfs + evidence.voice_dbfs) / 2


def pauses_ms(probabilities: Sequence[float], release: float) -> tuple[int, ...]:
    """The pauses between the first and the last frame that is at least `release`, in the order of time."""
    spoken = [index for index, p in enumerate(probabilities) if p >= release]
    return tuple((after - before - 1) * FRAME_MS for before, after in pairwise(spoken) if after - before > 1)
