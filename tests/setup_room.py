"""A room for the setup: frames that a script gives, in snapshots, as time goes by."""

from __future__ import annotations

from dataclasses import replace

from fake_talk import FakeTalk
from spoken_frames import Sound, stretch

from tui_assistant.runtime.api import Level, Phase, ScopeFrame
from tui_assistant.tui.setupflow import FRAME_MS, Flow

QUIET = stretch((0.02, -60.0, 3_200))


def sentence(*pauses_ms: int, p: float = 0.97, level: float = -26.0) -> list[Sound]:
    """Parts of 960 ms, those pauses between them, and enough silence behind."""
    parts = [(0.02, -60.0, 320)]
    for pause in pauses_ms:
        parts += [(p, level, 960), (0.02, -60.0, pause)]
    return stretch(*parts, (p, level, 960), (0.02, -60.0, 2_240))


def hear(talk: FakeTalk, sounds: list[Sound], *, decided: bool = False, phase: Phase = Phase.QUIET) -> None:
    """The next frames of the microphone."""
    frames = list(talk.snap.frames)
    for sound in sounds:
        at = frames[-1].at_ms + FRAME_MS if frames else FRAME_MS
        frames.append(ScopeFrame(at, sound.p, sound.rms_dbfs, phase, decided=decided))
    level = sounds[-1].rms_dbfs if sounds else -120.0
    talk.snap = replace(talk.snap, frames=tuple(frames[-3_750:]), level=Level(level, level + 9, level + 9))


class Room:
    """A flow and its Talk; `now` is the clock."""

    def __init__(self, talk: FakeTalk | None = None) -> None:
        self.talk = talk or FakeTalk()
        hear(self.talk, QUIET, decided=True)
        self.now = 100.0
        self.flow = Flow(self.talk, self.talk.snap, self.now)

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.flow.update(self.talk.snap, self.now)

    def play(self, sounds: list[Sound], *, phase: Phase = Phase.QUIET) -> None:
        """Frame by frame, as the screen sees them."""
        for sound in sounds:
            hear(self.talk, [sound], phase=phase)
            self.now += FRAME_MS / 1000
            self.flow.update(self.talk.snap, self.now)

    def be_quiet(self, sounds: list[Sound] | None = None) -> None:
        """The step of silence, from its beginning."""
        self.wait(0.5)
        self.wait(1.1)
        self.play(QUIET if sounds is None else sounds)
