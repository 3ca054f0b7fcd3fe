"""What is known of a turn: why it began and ended, what came near it, where the time went, what the user says of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tui_assistant.client.latency import Waterfall
from tui_assistant.protocol.items import JsonObject


class Mark(StrEnum):
    """What the user says about the detection of a turn."""

    CUT_OFF = "cut_off"  # "it cut me off": the end came too soon
    TOO_SLOW = "too_slow"  # the end came too late
    NOT_SPEECH = "not_speech"  # nobody spoke


@dataclass(frozen=True, slots=True)
class Blip:
    """p(speech) rose and no turn began: too low, or too short."""

    at_ms: int  # end of its first frame above the release threshold, on the clock of the frames
    length_ms: int
    peak_p: float
    peak_dbfs: float
    kept_by: str  # what would have made it a turn, e.g. "threshold ≤ 0.41" or "min_speech_ms ≤ 32"


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """One turn of the user. Milliseconds are those of `runtime.api.ScopeFrame.at_ms` unless said otherwise."""

    item_id: str
    onset_ms: int  # the first frame of speech begins
    started_ms: int  # when the beginning was decided
    speech_end_ms: int | None = None  # the last frame of speech ends
    stopped_ms: int | None = None  # when the end was decided; None: still open
    why_started: JsonObject | None = None
    """`reason` of speech_started; None: the floor was taken by hand, or the server gives no reasons."""
    why_stopped: JsonObject | None = None
    """`reason` of speech_stopped or committed; with `released_ms` where the floor was held and let go.

    Also {"rule": "clear"} or {"rule": "link_lost"}: the turn was given up.
    """
    onset_p: float = 0.0  # of the frame that decided the beginning
    peak_p: float = 0.0
    level_dbfs: float = -120.0  # RMS of the frames of speech
    blips: tuple[Blip, ...] = ()  # in the 3 s before the onset
    waterfall: Waterfall | None = None  # once its answer was heard
    mark: Mark | None = None
