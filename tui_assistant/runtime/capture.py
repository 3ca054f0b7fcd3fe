"""The microphone's audio on its way to the link: level, resampling, and which samples a held turn has, by their number.

Samples are counted at the link's rate, from the first one of the conversation on, over all microphones. The microphone
tells which sample belongs to a moment of the clock; so it does not matter how late a key, or the audio, is looked at.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from enum import Enum

import numpy as np

from tui_assistant.audio.base import Microphone
from tui_assistant.audio.echo import EchoStage, Levels
from tui_assistant.client.effects import Since
from tui_assistant.client.ledger import PREROLL_MS
from tui_assistant.engine.frontend import Frame, FrontEnd
from tui_assistant.engine.ports import SpeechDetector
from tui_assistant.errors import DeviceError
from tui_assistant.sound.gain import Gain
from tui_assistant.sound.level import Meter
from tui_assistant.sound.resample import Resampler
from tui_assistant.sound.samples import Samples

LEAST_PREROLL_MS = 100  # also right after a turn: its end is then in both
TAIL_MS = 200  # and they let go before the last word is out
MOST_LEVELS = 100  # a second of frames: what is older is dropped if nobody took it
KEEP_S = 1.5  # of audio stays at hand, so that a press may be handled late


class Floor(Enum):
    """Who may be heard."""

    FREE = "nobody holds the talk key"
    TAKEN = "the user speaks"
    ENDING = "the user has let go; the tail is still sent"


class Capture:
    """Takes what the microphone has heard, and decides what of it the link gets. `rate` is the link's, in Hz."""

    def __init__(
        self,
        rate: int,
        detector: Callable[[], SpeechDetector],
        *,
        tail_ms: int = TAIL_MS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rate = rate
        self._clock = clock
        self._stage: EchoStage | None = None
        self.trouble: DeviceError | None = None  # why a stage failed and was dropped; who deals with it sets None
        self._levels: list[Levels] = []
        self._detector = detector
        self._front: FrontEnd | None = None
        self._estimated = 0  # samples that our own detector got
        self.tail_ms = tail_ms
        self.gain = Gain()
        self._recent = np.zeros(0, np.int16)  # the newest samples; they end at _end
        self._end = 0  # number of the next sample to come ...
        self._taken = 0  # ... and the same with those that the echo stage still holds
        self._fed = 0  # up to here `due` has returned them, or they are not for the link
        self._turn_end = 0  # of the last turn that was held
        self._until: int | None = None  # where the floor that is ending ends
        self._resampler: Resampler | None = None
        self._next = 0  # sample of the microphone that comes next
        self._anchor = (0, 0)  # a sample of the microphone, and its number here
        self.meter: Meter | None = None
        self.tap: Callable[[Samples], None] | None = None  # gets what was heard with the speaker's sound in it
        self.microphone: Microphone | None = None
        self.floor = Floor.FREE

    def prepare(self) -> FrontEnd:
        """Makes the detector, which takes a moment."""
        if self._front is None:
            self._front = FrontEnd(self.rate, self._detector())
        return self._front

    def use(self, microphone: Microphone | None) -> None:
        """Another microphone, started already, from now on."""
        self.microphone = microphone
        self._resampler = Resampler(microphone.rate, self.rate, quality="capture") if microphone else None
        self.meter = Meter(microphone.rate) if microphone else None
        self._next = microphone.position if microphone else 0
        self._restart_stage()
        self._anchor = (self._next, self._end)
        self._recent = np.zeros(0, np.int16)  # of the other one, of any age
        if microphone is None:
            self.cut()

    def read(self) -> Samples:
        """What was heard since the last call, at the link's rate; kept for `due`."""
        if self.microphone is None or self._resampler is None or self.meter is None:
            return np.zeros(0, np.int16)
        samples = self.microphone.read()
        lost, self._next = self.microphone.position - self._next - len(samples), self.microphone.position
        if lost:  # what comes now was spoken that much later than its number says
            self._anchor = (self._anchor[0] + lost, self._anchor[1])
        if not len(samples):
            return samples
        samples = self.gain.on(samples)
        self.meter.push(samples)
        resampled = self._resampler.push(samples)
        if self.tap is not None:
            self.tap(resampled)
        heard = self._without_echo(resampled)
        self._end += len(heard)
        kept = max(int(KEEP_S * self.rate), self._end - self._fed)
        self._recent = np.concatenate([self._recent, heard])[-kept:]
        return heard

    @property
    def stage(self) -> EchoStage | None:
        """What takes the speaker's sound away."""
        return self._stage

    @stage.setter
    def stage(self, stage: EchoStage | None) -> None:
        """Another one; what the old one holds, some 20 ms, is lost."""
        self._stage = stage
        lost = self._taken - self._end
        self._restart_stage()
        if self.microphone is not None:
            self._anchor = (self._anchor[0] + round(lost * self.microphone.rate / self.rate), self._anchor[1])

    def take_levels(self) -> list[Levels]:
        """Of the frames in which the speaker sounds, since the last call; none with a canceller."""
        levels, self._levels = self._levels, []
        return levels

    def _restart_stage(self) -> None:
        self._taken = self._end
        self._levels = []
        if self._stage is not None:
            self._stage.restart()

    def _without_echo(self, samples: Samples) -> Samples:
        """What the stage lets go."""
        if self._stage is None or self.microphone is None:
            self._taken += len(samples)
            return samples
        now, (heard, number), rate = self._clock(), self._anchor, self.microphone.rate
        first = heard + (self._taken - number) * rate / self.rate
        try:
            out = self._stage.process(samples, now + (first - self.microphone.position_at(now)) / rate)
        except DeviceError as error:
            self.trouble, self.stage = error, None
            self._taken += len(samples)
            return samples
        self._taken += len(samples)
        self._levels = (self._levels + list(out.levels))[-MOST_LEVELS:]
        return out.samples

    def due(self, held_ms: int = 0) -> Samples:
        """What the link is to have of all that was read and not returned yet. May end an ending floor.

        `held_ms`: so much of the newest is not decided yet, and waits.
        """
        stop = self._end - held_ms * self.rate // 1000 if self._until is None else min(self._end, self._until)
        stop = max(stop, self._fed)
        begin = max(self._fed, self._end - len(self._recent))
        sent = self._recent[begin - self._end + len(self._recent) : stop - self._end + len(self._recent)]
        self._fed = max(self._fed, stop)
        if self._until is not None and self._end >= self._until:
            self._until, self.floor, self._turn_end = None, Floor.FREE, self._fed
        return sent

    def skip(self) -> None:
        """What was read so far is not for the link, unless as pre-roll."""
        self._fed = self._end

    def forget(self) -> None:
        """What was read so far, and has been muted, is not even for the pre-roll."""
        self._fed, self._recent = self._end, np.zeros(0, np.int16)

    def estimate(self, samples: Samples) -> Iterator[Frame]:
        """Frames with p(speech), for audio that the conversation's own detector does not get."""
        self._estimated += len(samples)
        return self.prepare().push(samples)

    @property
    def estimated_ms(self) -> float:
        """All audio that `estimate` was given; its frames come a little later."""
        return self._estimated * 1000 / self.rate

    # ------------------------------------------------------------------------------------------------- the floor

    def take_floor(self, at: float, since: Since) -> None:
        """The user holds the floor; `at`: the press, in seconds of time.monotonic()."""
        pressed = self.sample_at(at)
        if since is Since.PREROLL:
            latest = pressed - LEAST_PREROLL_MS * self.rate // 1000
            begin = max(pressed - PREROLL_MS * self.rate // 1000, min(self._turn_end, latest))
        else:
            begin = self._turn_end if since is Since.LAST_TURN else self._fed
        self._fed = max(begin, self._end - len(self._recent))
        self.floor, self._until = Floor.TAKEN, None

    def keep_floor(self) -> None:
        """The key was not let go after all: the ending floor goes on where it stands."""
        self.floor, self._until = Floor.TAKEN, None

    def release_floor(self, at: float) -> None:
        """What was spoken up to `at` still goes out, and a short tail; what is beyond it already has gone."""
        self.floor = Floor.ENDING
        self._until = max(self._fed, self.sample_at(at) + self.tail_ms * self.rate // 1000)

    def cut(self) -> None:
        """An ending floor ends with what has been returned."""
        if self.floor is Floor.ENDING:
            self._fed = self._until = min(self._fed, self._end)

    def drop_floor(self) -> None:
        """The audio goes on behind what was returned; a stream of all that is heard has no gap."""
        self.floor, self._until = Floor.FREE, None

    def ms_ago(self, at: float) -> int:
        """How much has been heard since `at`; negative: what was spoken then is still to be heard."""
        return (self._end - self.sample_at(at)) * 1000 // self.rate

    def sample_at(self, at: float) -> int:
        """The number of the sample that was spoken at `at`, which may yet come; the next one where nobody knows."""
        if self.microphone is None:
            return self._end
        sample = self.microphone.position_at(at)
        if not sample and self._next:
            return self._end
        heard, number = self._anchor
        return number + round((sample - heard) * self.rate / self.microphone.rate)
