"""Frames as the scope gets them, of real speech: a recording through the detector and the engine's turn code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tui_assistant.audio.files import load_recording
from tui_assistant.engine.frontend import FrontEnd
from tui_assistant.engine.observation import TurnState
from tui_assistant.engine.turn import Started, Stopped, TurnTracker
from tui_assistant.models.detectors.silero import SileroDetector
from tui_assistant.protocol.session import ServerVad
from tui_assistant.runtime.api import Phase, ScopeFrame

FRAME_MS = 32
CLIPS = ("jfk", "lj_0002", "librivox_0870")
PHASES = {TurnState.SPEECH: Phase.SPEECH, TurnState.WAITING: Phase.WAITING}


@cache
def samples() -> NDArray[np.int16]:
    """Three sentences with pauses of 600 ms, at 16 kHz."""
    folder = Path(__file__).parent / "data" / "speech"
    gap = np.zeros(9_600, np.int16)
    clips = [load_recording(folder / f"{name}.wav") for name in CLIPS]
    assert {clip.rate for clip in clips} == {16_000}
    return np.concatenate([part for clip in clips for part in (clip.samples, gap)] + [gap])


@cache
def spoken() -> tuple[tuple[float, float], ...]:
    """(p, dBFS RMS) of each frame of the samples."""
    return tuple((frame.p, frame.rms_dbfs) for frame in FrontEnd(16_000, SileroDetector()).push(samples()))


def frames_of(
    heard: Sequence[tuple[float, float]], rules: ServerVad | None = None, *, padding_ms: int = 300
) -> tuple[ScopeFrame, ...]:
    """The frames as they look once these rules have decided on all of them."""
    tracker = TurnTracker(rules or ServerVad())
    frames: list[ScopeFrame] = []
    for number, (p, rms_dbfs) in enumerate(heard):
        outcome = tracker.frame(number * FRAME_MS, p)
        frame = ScopeFrame((number + 1) * FRAME_MS, p, rms_dbfs, PHASES.get(tracker.state, Phase.QUIET))
        frames.append(replace(frame, commit=isinstance(outcome, Stopped)))
        if isinstance(outcome, Started):
            onset, padding = outcome.onset_ms // FRAME_MS, round(padding_ms / FRAME_MS)
            for at in range(max(0, onset - padding), number + 1):
                phase = Phase.SPEECH if at >= onset else Phase.PADDING
                if frames[at].phase is Phase.QUIET and not frames[at].commit:
                    frames[at] = replace(frames[at], phase=phase)
    return tuple(frames)
