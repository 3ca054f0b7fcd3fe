"""The link's audio on its way to the speaker."""

from __future__ import annotations

import numpy as np

from tui_assistant.audio.base import OutputDevice
from tui_assistant.sound.resample import Resampler


class Player:
    """Plays PCM at the link's rate and knows, in that rate's samples, how far it has been heard."""

    def __init__(self, rate: int, speaker: OutputDevice) -> None:
        self.rate = rate
        self.speaker = speaker
        self._written = 0  # positions at the link's rate
        self._base = 0  # position at the last flush, and what the speaker had played then
        self._base_played = speaker.played()
        self._resampler: Resampler | None = None  # of the item being written; it holds the last few ms
        self._unheard = bytearray()  # what was written and not taken by `take_heard` ...
        self._taken = 0  # ... and its position
        self._ducked = False
        self.dropped = 0  # samples that were written and never heard, because their speaker was replaced

    def play(self, pcm: bytes) -> None:
        """Queues int16 little-endian mono."""
        samples = np.frombuffer(pcm, "<i2").astype(np.int16, copy=False)
        if self._resampler is None:
            self._resampler = Resampler(self.rate, self.speaker.rate, quality="playback")
        self._written += len(samples)
        self._unheard += pcm
        self.speaker.write(self._resampler.push(samples))

    def end(self) -> None:
        """The item is complete."""
        if self._resampler is not None:
            self.speaker.write(self._resampler.flush())
            self._resampler = None

    def take_heard(self) -> bytes:
        """What was heard since the last call, before the volume; call it at every poll."""
        if not self._unheard:
            return b""
        count = max(0, self.position - self._taken) * 2
        heard = bytes(self._unheard[:count])
        del self._unheard[:count]  # moves nothing: a bytearray shrinks at its front for free
        self._taken += len(heard) // 2
        return heard

    def duck(self, down: bool) -> None:
        """On quietly, at once; or back, by a fade."""
        self._ducked = down
        self.speaker.duck(down)

    def flush(self) -> None:
        """Silence, at once. What comes next is as loud as ever."""
        self._ducked = False
        self.speaker.flush()
        self._resampler = None
        position = self._by_device()
        del self._unheard[max(0, position - self._taken) * 2 :]
        self._taken = min(self._taken, position)
        self._rebase(position)

    @property
    def position(self) -> int:
        """How far it has been heard."""
        if self._resampler is None and not self.speaker.pending():
            return self._written  # all of it, whatever the rounding between two rates says
        return self._by_device()

    def _by_device(self) -> int:
        played = self.speaker.played() - self._base_played
        return min(self._written, self._base + played * self.rate // self.speaker.rate)

    def replace(self, speaker: OutputDevice) -> None:
        """Another speaker from now on; what the old one had not played is dropped."""
        self.dropped += self._written - self.position
        self.speaker, self._resampler = speaker, None
        speaker.duck(self._ducked)
        self._unheard.clear()
        self._taken = self._written
        self._rebase(self._written)

    def _rebase(self, position: int) -> None:
        self._written = self._base = position
        self._base_played = self.speaker.played()
