"""When the microphone hears our own speaker: taken out by a canceller, or withheld (half-duplex)."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from tui_assistant.audio.canceller import FRAMES_PER_S, Canceller, takes
from tui_assistant.audio.played import PlayedSound
from tui_assistant.audio.reference import Reference
from tui_assistant.sound.samples import Samples

TAIL_S = 0.25  # what still sounds after the last sample was played: the room, and the device's own estimate error
CLEAN_TAIL_S = 0.4  # a canceller goes on that long: wireless speakers are up to 0.3 s later than they say
AHEAD_S = 0.25  # and begins so much earlier, as soon as the sound is handed over: so its filters have settled
ERLE_FRAMES = FRAMES_PER_S  # the last second
# The canceller has found the echo once it is so much less for so long. 35 dB and more are usual from the first word on;
# with a reference that comes too late 13 were seen, and what is left then is speech.
SETTLED_DB, SETTLED_FRAMES = 15.0, 30
QUIET_POWER = 3400.0  # -55 dBFS: what is so faint need not be less
LEAST_POWER = 100.0  # per sample, -70 dBFS: what is below has no echo that could be taken away
NOTHING = np.zeros(0, np.int16)


class EchoState(StrEnum):
    """How echo is dealt with; the words of the status line."""

    AEC = "aec"
    HALF_DUPLEX = "half-duplex"
    HEADPHONES = "headphones"
    NONE = "no echo"  # the speaker or the microphone is a file, or there is none


@dataclass(frozen=True, slots=True)
class Levels:
    """Of 10 ms in which the speaker sounds: mean squares of int16 samples."""

    microphone: float
    reference: float  # of what was played; what is heard of it comes up to some 100 ms later


@dataclass(frozen=True, slots=True)
class Heard:
    """What `EchoStage.process` lets go: the same moments twice. int16 mono of equal length, at the stage's rate."""

    samples: Samples  # without the speaker's sound while it sounds, else raw
    raw: Samples
    levels: tuple[Levels, ...] = ()  # one per 10 ms while the speaker sounds, else none


class EchoStage:
    """Between the microphone and all who listen to it. Sample n goes in and comes out as sample n, and none is lost.

    While the speaker is silent samples pass at once. While it sounds, and CLEAN_TAIL_S longer, they wait for the end of
    their frame of 10 ms and for the canceller, 25 ms in all, and come out clean; from one to the other it fades over a
    frame. Without a canceller they always pass, and only `levels` says what there was. Pure: times are passed in. The
    output does not depend on the chunking, as long as what is played is known AHEAD_S before it sounds.
    """

    def __init__(self, rate: int, make: Callable[[int], Canceller] | None = None) -> None:
        """`rate`: of the microphone's samples, a multiple of 100 Hz. `make` makes a canceller for it and a reference's.

        Every answer gets a new one: it finds an echo in its first 0.1 s, but takes 2 s to leave one that has moved, by
        as little as the milliseconds that the devices' clocks are wrong.
        """
        self.rate = rate
        self._make = make
        self._reference_rate = rate
        self._canceller = make(rate) if make is not None else None
        self._size = rate // FRAMES_PER_S
        self._delay = self._canceller.delay if self._canceller is not None else 0
        self._jumps = 0  # of the reference that the canceller knows
        self._late = -(-self._delay // self._size)  # frames that must follow until a frame is clean
        self._reference: Reference | None = None
        self.restart()

    def restart(self) -> None:
        """Another microphone, or samples were lost: what is held is dropped."""
        self._taken = self._given = 0  # samples
        self._raw = NOTHING  # from `_given` to `_taken`
        self._clean, self._clean_from = NOTHING, 0
        kept = 2 * self._late + 4
        self._wanted: deque[bool] = deque([False] * kept, maxlen=kept)  # whether the last frames are to come out clean
        self._newest = -1  # number of the last of them: the frame that is being filled ...
        self._filling: list[Samples] = []
        self._begun_at = 0.0  # ... and when it was recorded
        self._clean_until = -1  # the last frame that the canceller must get, so that all that is wanted comes out
        self._cleaning = False
        self._erle: deque[tuple[float, float]] = deque(maxlen=ERLE_FRAMES)
        self.sounding = False  # the newest sample may contain the speaker
        self.settled = False  # what comes out is clean; not before the canceller has shown it with this answer
        self._shown = (0, 0.0, 0.0)  # loud frames, and their power raw and clean

    def doubt(self) -> None:
        """The speaker has had a gap that nobody knows of: until it has shown again that it works, it is not settled.

        The sound comes later than its reference says, by the gap, until enough of the device's times have told so.
        """
        self.settled, self._shown = False, (0, 0.0, 0.0)

    @property
    def cancels(self) -> bool:
        """It has a canceller."""
        return self._make is not None

    def listen_to(self, played: PlayedSound | None) -> None:
        """The speaker, from now on; None: there is none that could be heard."""
        self._reference, self._jumps = None, 0
        if played is not None:
            self._reference_rate = played.rate if takes(played.rate) else self.rate
            self._reference = Reference(played, self._reference_rate)

    @property
    def erle_db(self) -> float | None:
        """How much quieter the last second came out than it came in; None: the speaker did not sound.

        That is the echo return loss enhancement while nobody speaks; the user's voice lowers it.
        """
        raw, clean = sum(pair[0] for pair in self._erle), sum(pair[1] for pair in self._erle)
        return 10 * math.log10(raw / max(clean, 1.0)) if raw > 0 else None

    def process(self, samples: Samples, at: float) -> Heard:
        """The next samples of the microphone, the first of which was recorded at `at` (time.monotonic())."""
        out: list[tuple[Samples, Samples]] = []
        levels: list[Levels] = []
        done = 0
        while done < len(samples):
            within = self._taken % self._size
            if not within:
                self._begin(at + done / self.rate)
            piece = samples[done : done + self._size - within]
            done += len(piece)
            self._taken += len(piece)
            self._filling.append(piece)
            self._raw = np.concatenate([self._raw, piece]) if len(self._raw) else piece
            if within + len(piece) == self._size:
                self._finish(levels)
            self._let_go(out)
        if len(out) == 1:
            return Heard(*out[0], tuple(levels))
        clean, raw = (np.concatenate([NOTHING, *(pair[part] for pair in out)]) for part in (0, 1))
        return Heard(clean, raw, tuple(levels))

    def _begin(self, at: float) -> None:
        """Of a frame: decides whether it is to come out clean."""
        played = self._reference.played if self._reference is not None else None
        self.sounding = played is not None and played.sounding(at - CLEAN_TAIL_S, at + AHEAD_S)
        self._wanted.append(self.sounding and self._canceller is not None)
        self._newest += 1
        if self._wanted[-1] or self._wanted[-2]:
            self._clean_until = self._newest + self._late
        self._begun_at = at
        self._filling = []

    def _ends(self, frame: int) -> tuple[bool, bool]:
        """Whether the frame begins clean, and whether it ends clean."""
        place = len(self._wanted) - 1 - (self._newest - frame)
        return self._wanted[place - 1], self._wanted[place]

    def _finish(self, levels: list[Levels]) -> None:
        """The frame is full."""
        frame = self._filling[0] if len(self._filling) == 1 else np.concatenate(self._filling)
        begin, cleaning = self._newest * self._size, self._newest <= self._clean_until
        if (cleaning or self.sounding) and self._reference is not None:
            reference = self._reference.take(self._begun_at, self._reference_rate // FRAMES_PER_S, self._works)
        else:
            reference = np.zeros(self._reference_rate // FRAMES_PER_S, np.int16)
        if cleaning:
            renewed = self._renew()
            assert self._canceller is not None
            clean = self._canceller.clean(frame, reference)
            if not self._cleaning:
                self._clean, self._clean_from = NOTHING, begin
            elif renewed:  # the new one knows nothing of what the old one still had
                known = self._clean_from + len(self._clean)
                self._clean = np.concatenate([self._clean, self._raw[known - self._given : begin - self._given]])
            # What it returns is older than what it took; before it was asked to begin it is of another time.
            known = self._clean_from + len(self._clean)
            self._clean = np.concatenate([self._clean, clean[max(0, known - begin + self._delay) :]])
            self._judge(_power(frame), _power(clean))
        else:
            self._erle.append((0.0, 0.0))
            if self.sounding:
                levels.append(Levels(_power(frame), _power(reference)))
        self._cleaning = cleaning

    def _renew(self) -> bool:
        """A new canceller for a reference that has jumped."""
        jumps = self._reference.jumps if self._reference is not None else 0
        if jumps == self._jumps or self._make is None:
            return False
        self._jumps, self._canceller = jumps, self._make(self._reference_rate)
        self._erle.clear()
        self._shown, self.settled = (0, 0.0, 0.0), False
        return True

    def _works(self) -> bool:
        """The canceller has found the echo, and keeps it: times of a device that has just begun may be 40 ms wrong."""
        erle_db = self.erle_db
        return erle_db is not None and erle_db > SETTLED_DB

    def _judge(self, raw: float, clean: float) -> None:
        loud = raw > LEAST_POWER
        self._erle.append((raw, clean) if loud else (0.0, 0.0))
        if loud and not self.settled:
            count, raw, clean = self._shown[0] + 1, self._shown[1] + raw, self._shown[2] + clean
            enough = count >= SETTLED_FRAMES
            self.settled = enough and (raw > clean * 10 ** (SETTLED_DB / 10) or clean < QUIET_POWER * count)
            self._shown = (0, 0.0, 0.0) if enough else (count, raw, clean)

    def _let_go(self, out: list[tuple[Samples, Samples]]) -> None:
        """All that is ready, frame by frame; frames that are clean from end to end go together, as that costs less."""
        while self._given < self._taken:
            frame = self._given // self._size
            before, after = self._ends(frame)
            stop = (frame + 1) * self._size
            if before or after:
                ready = min(self._taken, self._clean_from + len(self._clean))
                while before and after and stop < ready and self._ends(stop // self._size)[1]:
                    stop += self._size
                stop = min(stop, ready)
            else:
                stop = min(stop, self._taken)
            count = stop - self._given
            if count <= 0:
                return
            raw, self._raw = self._raw[:count], self._raw[count:]
            if before or after:
                clean = self._clean[self._given - self._clean_from : stop - self._clean_from]
                self._clean, self._clean_from = self._clean[stop - self._clean_from :], stop
                out.append((self._blend(raw, clean, before, after), raw))
            else:
                out.append((raw, raw))
            self._given = stop

    def _blend(self, raw: Samples, clean: Samples, before: bool, after: bool) -> Samples:
        if before and after:
            return clean
        share = ((self._given + np.arange(len(raw))) % self._size + 0.5) / self._size
        if before:
            share = 1 - share
        return np.asarray(np.rint(raw + (clean.astype(np.float64) - raw) * share), np.int16)


def _power(samples: Samples) -> float:
    wide = samples.astype(np.float32)
    return float(np.dot(wide, wide)) / len(samples)


class HalfDuplexGate:
    """Decides whether microphone audio must be withheld because the assistant is heard. Pure: time is passed in."""

    def __init__(self, tail_s: float = TAIL_S) -> None:
        self._tail_s = tail_s
        self._heard_at: float | None = None  # when the speaker was last known to sound

    def closed(self, pending: int, now: float) -> bool:
        """Whether audio of this moment must be withheld. `pending`: the speaker's, in samples; `now` in seconds.

        Call it at every poll, also while nothing plays.
        """
        if pending > 0:
            self._heard_at = now
            return True
        if self._heard_at is None:
            return False
        if now - self._heard_at < self._tail_s:
            return True
        self._heard_at = None
        return False
