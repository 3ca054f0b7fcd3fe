"""From the measured echo to how one should talk: headphones, an echo canceller, or half-duplex. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from tui_assistant.lab.calibration import VOICE_DBFS

ANSWER_DBFS = -20.0  # what the assistant's voice is played at, RMS of its speech
UNDER_NOISE_DB = 3.0  # an echo that far below the noise is no echo
SAFE_DB = 25.0  # an echo that far below the user's voice starts no turn: the detectors need about -30 dB of the voice
CANCELLED_DB = 29.0  # the least that an echo canceller of the WebRTC kind took away when it was measured
LONGEST_MS = 400.0  # it looks no further back; wireless speakers are later


class Duplex(StrEnum):
    """What to use; the words for the user."""

    HEADPHONES = "headphones"  # as with headphones: the microphone stays open while the assistant speaks
    CANCELLER = "echo canceller"
    HALF_DUPLEX = "half-duplex"


@dataclass(frozen=True, slots=True)
class Advice:
    duplex: Duplex
    words: str


class EchoLike(Protocol):
    """sound.chirp.Echo and runtime.api.EchoMeasured are such."""

    @property
    def level_db(self) -> float: ...

    @property
    def delay_ms(self) -> float: ...

    @property
    def noise_dbfs(self) -> float: ...

    @property
    def heard(self) -> bool: ...


def advise(echo: EchoLike, *, gain_db: float = 0.0, cancelling: bool = False) -> Advice:
    """`gain_db`: of the microphone, contained in what it measured. `cancelling`: an echo canceller is in use."""
    level = ANSWER_DBFS + echo.level_db
    if not echo.heard:
        words = "the microphone does not hear the speakers: it stays open, and your voice interrupts answers"
        return Advice(Duplex.HEADPHONES, words)
    told = f"the microphone hears the speakers at {echo.level_db - gain_db:.0f} dB after {echo.delay_ms:.0f} ms"
    if level < echo.noise_dbfs - UNDER_NOISE_DB or level < VOICE_DBFS - SAFE_DB:
        words = f"{told}, too faint to be taken for you: it stays open, and your voice interrupts answers"
        return Advice(Duplex.HEADPHONES, words)
    if echo.delay_ms > LONGEST_MS:
        words = f"{told}: that is too late for an echo canceller (a wireless speaker?): stay half-duplex, or headphones"
        return Advice(Duplex.HALF_DUPLEX, words)
    if level - CANCELLED_DB < VOICE_DBFS - SAFE_DB:
        could = "could take that away (pip install 'tui-assistant[aec]'); else half-duplex"
        words = f"{told}: an echo canceller {'takes that away: it is in use' if cancelling else could}"
        return Advice(Duplex.CANCELLER, words)
    words = f"{told}, louder than an echo canceller can mend: stay half-duplex, wear headphones or turn them down"
    return Advice(Duplex.HALF_DUPLEX, words)
