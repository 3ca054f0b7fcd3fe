"""A loudspeaker and a microphone that stand in one room: what is played is heard, later and quieter, in real time."""

from __future__ import annotations

import numpy as np

from tui_assistant.audio.base import DeviceState
from tui_assistant.audio.clocked import ClockedSpeaker
from tui_assistant.sound.samples import Samples

LOOP_RATE = 48_000


class LoopSpeaker(ClockedSpeaker):
    echoes = True

    def __init__(self) -> None:
        super().__init__(rate=LOOP_RATE, name="Loudspeaker")
        self.sounded: list[Samples] = []

    def _emit(self, samples: Samples) -> None:
        self.sounded.append(samples)


class LoopMicrophone:
    """Hears `speaker` at `echo_db` (None: not at all) after `delay_ms`, in noise of -60 dBFS."""

    rate, lost, silent, state = LOOP_RATE, 0, False, DeviceState.RUNNING

    def __init__(self, speaker: LoopSpeaker, echo_db: float | None, delay_ms: int = 0, name: str = "Desk mic") -> None:
        self.name = name
        self.position = 0
        self.echo_db = echo_db
        self._speaker = speaker
        self._random = np.random.default_rng(4)
        self._late = np.zeros(delay_ms * LOOP_RATE // 1000)

    def start(self) -> None:
        self._speaker.sounded.clear()

    def read(self) -> Samples:
        self._speaker.played()
        sounded = np.concatenate([np.zeros(0, np.int16), *self._speaker.sounded])
        self._speaker.sounded.clear()
        line = np.concatenate([self._late, sounded])
        heard, self._late = line[: sounded.size], line[sounded.size :]
        noise = self._random.standard_normal(heard.size) * 33
        self.position += heard.size
        echo = 0.0 if self.echo_db is None else 10 ** (self.echo_db / 20)
        return np.asarray(np.clip(np.rint(heard * echo + noise), -32768, 32767), np.int16)

    def position_at(self, at: float) -> int:
        return self.position

    def close(self) -> None:
        self.state = DeviceState.CLOSED
