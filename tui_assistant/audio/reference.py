"""The speaker's sound on the microphone's clock: for each moment that was recorded, what was being played."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tui_assistant.audio.played import Place, PlayedSound
from tui_assistant.sound.resample import Resampler
from tui_assistant.sound.samples import Samples

# A canceller can take away only what sounds after its reference. The devices' own times are wrong by 5 ms, on a loaded
# machine by 10; so the reference is handed over so much earlier than the clocks say.
LEAD_S = 0.04
LEAST_LEAD_S = -0.2  # a device that tells its times too early by that much is not known
ROOM_S = 0.005  # by which more than what was missing is waited
SLACK_S = 0.03  # clocks that run apart by that much are followed by a jump; what jumps back and forth is their error
PIECE_S = 0.02  # handed to the resampler at a time: fewer and larger pieces cost less


class Reference:
    """Reads `played` at `rate`, without gaps and without jumps as long as one answer lasts."""

    def __init__(self, played: PlayedSound, rate: int, *, lead_s: float = LEAD_S) -> None:
        self.played = played
        self.jumps = 0  # how often it was aligned anew: what was learned of the echo holds no more
        self._rate = rate
        self._lead_s = self._full_lead_s = lead_s
        self._piece = max(1, int(PIECE_S * played.rate))
        self._ready: Samples = np.zeros(0, np.int16)  # resampled, not taken
        self._taken = 0  # since the resampler started
        self._align(Place(-1, 0))

    def take(self, at: float, count: int, stay: Callable[[], bool] = lambda: False) -> Samples:
        """`count` samples for a microphone that was recorded from `at` on; zeros where nothing was played.

        `stay`: asked before a jump in an answer; true: the echo is found where it is, whatever the clocks say.
        A device that is handed its sound late, for which there is no such lead, gets a smaller one until it stops.
        """
        wanted = self.played.place(at + self._lead_s)
        if wanted is None:
            return np.zeros(count, np.int16)
        if self.played.young(wanted.run):
            return np.zeros(count, np.int16)  # nothing of it has been heard yet
        head = self._begin + self._taken * self.played.rate / self._rate
        if wanted.run != self._run:
            self._lead_s = self._full_lead_s
            self._align(self.played.place(at + self._lead_s) or wanted)
        elif abs(wanted.frame - head) > SLACK_S * self.played.rate and not stay():
            self._align(wanted)
        while len(self._ready) < count:
            missing = (self._next + self._piece - self.played.known(self._run)) / self.played.rate
            if missing > 0 and self._lead_s > LEAST_LEAD_S:
                self._lead_s = max(LEAST_LEAD_S, self._lead_s - missing - ROOM_S)
                self._align(self.played.place(at + self._lead_s) or wanted)
                continue
            new = self._resampler.push(self.played.read(Place(self._run, self._next), self._piece))
            self._next += self._piece
            self._ready = np.concatenate([self._ready, new])
        taken, self._ready = self._ready[:count], self._ready[count:]
        self._taken += count
        return taken

    def _align(self, place: Place) -> None:
        self.jumps += 1
        self._run: int = place.run
        self._begin: int = place.frame  # of the device: where the resampler started ...
        self._next: int = place.frame  # ... and what it gets next
        self._resampler = Resampler(self.played.rate, self._rate, quality="capture")
        self._ready = np.zeros(0, np.int16)
        self._taken = 0
