"""The speaker's sound on the microphone's clock: for each moment that was recorded, what was being played."""

from __future__ import annotations

import numpy as np

from tui_assistant.audio.base import Samples
from tui_assistant.audio.played import PlayedSound
from tui_assistant.sound.resample import Resampler

# A canceller can take away only what sounds after its reference. The devices' own times are wrong by 5 ms, with poor
# drivers by 20; so the reference is handed over so much earlier than the clocks say.
LEAD_S = 0.04
SLACK_S = 0.01  # clocks that run apart, by that much, are followed by a jump; in silence by one that nobody hears
QUIET_SLACK_S = 0.001
PIECE_S = 0.03  # handed to the resampler at a time: fewer and larger pieces cost less


class Reference:
    """Reads `played` at `rate`, without gaps and without jumps as long as one answer lasts."""

    def __init__(self, played: PlayedSound, rate: int, *, lead_s: float = LEAD_S) -> None:
        self.played = played
        self._rate = rate
        self._lead_s = lead_s
        self._piece = max(1, int(PIECE_S * played.rate))
        self._ready: Samples = np.zeros(0, np.int16)  # resampled, not taken
        self._taken = 0  # since the resampler started
        self._quiet = False  # there is nothing in which a jump could be heard
        self._align(0)

    def take(self, at: float, count: int) -> Samples:
        """`count` samples for a microphone that was recorded from `at` on; zeros where nothing was played."""
        wanted = self.played.frame_at(at + self._lead_s)
        if wanted is None:
            return np.zeros(count, np.int16)
        if self._is_off(wanted):
            self._align(wanted)
        while len(self._ready) < count:
            new = self._resampler.push(self.played.read(self._next, self._piece))
            self._next += self._piece
            self._ready = np.concatenate([self._ready, new])
        taken, self._ready = self._ready[:count], self._ready[count:]
        self._taken += count
        self._quiet = not (taken.any() or self._ready.any())
        return taken

    def _is_off(self, wanted: int) -> bool:
        off = abs(wanted - (self._begin + self._taken * self.played.rate / self._rate)) / self.played.rate
        return off > SLACK_S or (off > QUIET_SLACK_S and self._quiet)

    def _align(self, frame: int) -> None:
        self._begin: int = frame  # of the device: where the resampler started ...
        self._next: int = frame  # ... and what it gets next
        self._resampler = Resampler(self.played.rate, self._rate, quality="capture")
        self._ready = np.zeros(0, np.int16)
        self._taken = 0
