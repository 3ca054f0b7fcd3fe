"""Where p(speech) rose and no turn began, and which setting would have made it one. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from tui_assistant.client.tuning import Tuning
from tui_assistant.client.turns import Blip

FRAME_MS = 32  # of the detector: engine.ports.FRAME_MS, which neither this room nor the screen imports
SEMANTIC_THRESHOLD = 0.5  # semantic_vad has none of its own
LEAST_THRESHOLD, LEAST_RELEASE = 0.05, 0.01  # below them nothing is ever silence
BY_ITSELF = "the values in force now"
BY_NOTHING = "nothing: it is below every threshold"


class Figures(NamedTuple):
    """What is known of a frame."""

    at_ms: int  # its end
    p: float
    rms_dbfs: float
    heard: bool = True  # the conversation got its audio: nobody was muted, and in push-to-talk the floor was held


def onset_p(tuning: Tuning) -> float:
    """p(speech) at which speech begins."""
    return max(tuning.threshold if tuning.kind == "server_vad" else SEMANTIC_THRESHOLD, LEAST_THRESHOLD)


def release_p(tuning: Tuning) -> float:
    """p(speech) down to which speech goes on."""
    # rounded as the engine does: 0.45 - 0.15 is a little over 0.3 in binary
    return max(round(onset_p(tuning) - tuning.hysteresis, 9), LEAST_RELEASE)


def blips(frames: Sequence[Figures], tuning: Tuning) -> tuple[Blip, ...]:
    """The blips in consecutive frames that belong to no turn. A run at their very end leads into a turn: it is none."""
    found = [_blip(run, tuning) for run in _runs(frames, release_p(tuning))]
    if found and frames[-1].heard and frames[-1].p >= release_p(tuning):
        found.pop()
    return tuple(found)


def _runs(frames: Sequence[Figures], release: float) -> Iterator[list[Figures]]:
    for loud, run in groupby(frames, lambda frame: frame.heard and frame.p >= release):
        if loud:
            yield list(run)


def _blip(run: list[Figures], tuning: Tuning) -> Blip:
    return Blip(
        at_ms=run[0].at_ms,
        length_ms=len(run) * FRAME_MS,
        peak_p=max(frame.p for frame in run),
        peak_dbfs=max(frame.rms_dbfs for frame in run),
        kept_by=kept_by([frame.p for frame in run], tuning),
    )


def kept_by(probabilities: Sequence[float], tuning: Tuning) -> str:
    """The one setting that would have begun a turn in a run of these p(speech); two where one can't, or none."""
    threshold = onset_p(tuning)
    wanted = max(1, math.ceil(tuning.min_speech_ms / FRAME_MS))
    longest = max(len(list(run)) if loud else 0 for loud, run in groupby(p >= threshold for p in probabilities))
    if longest >= wanted:
        return BY_ITSELF
    if longest:
        return f"min_speech_ms ≤ {longest * FRAME_MS}"
    if max(probabilities) < LEAST_THRESHOLD:
        return BY_NOTHING
    kind = "server_vad, " if tuning.kind == "semantic_vad" else ""
    if len(probabilities) >= wanted:
        windows = (probabilities[at : at + wanted] for at in range(len(probabilities) - wanted + 1))
        return f"{kind}threshold ≤ {_down(max(min(window) for window in windows))}"
    both = f"threshold ≤ {_down(min(probabilities))} and min_speech_ms ≤ {len(probabilities) * FRAME_MS}"
    return kind + both


def _down(p: float) -> str:
    """To the hundredth below, so that the frames that had `p` are enough."""
    return f"{math.floor(p * 100 + 1e-9) / 100:.2f}"
