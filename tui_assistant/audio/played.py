"""What a loudspeaker sounded, and when: the reference of everything that takes its echo out of a microphone."""

from __future__ import annotations

import math
from collections import deque
from statistics import median
from typing import NamedTuple

import numpy as np

from tui_assistant.audio.timeline import ANCHORS
from tui_assistant.sound.samples import Samples

KEEP_S = 4  # of sound: what is handed to a device ahead of time (0.2 s), and a reader that stands still meanwhile
BEFORE_S = 0.4  # before a run's first frame it is that run already: longer than its sound is handed over ahead of time
YOUNG = 12  # blocks, of 10 to 20 ms: the buffer of a device that starts takes 8 to 15 of them at once
RUNS = 8  # times that the device was started; what was played before those is over
INTERVALS = 64  # of sound in a run, between which it was silent


class _Run:
    """From one start of the device to its end; it plays without gaps."""

    def __init__(self, first: int, rate: int) -> None:
        self.first = first  # frame, counted over all runs
        self.end: int | None = None  # where it was cut: the rest was never heard
        self.anchors: deque[tuple[int, float]] = deque(maxlen=ANCHORS)
        self.sounds: deque[tuple[int, int]] = deque(maxlen=INTERVALS)  # from .. to, in frames
        self.added = 0  # anchors, in all
        self._rate = rate
        self._line: tuple[int, float] | None = None  # a frame and its time, as the anchors have it ...
        self._renew_at = 0  # ... until so many have been added

    def frame_at(self, at: float) -> int:
        """By the median of the anchors: a single late callback does not move it."""
        if self._line is None or self.added >= self._renew_at:
            anchors, added = tuple(self.anchors), self.added  # the callback may add meanwhile
            newest, stamp = anchors[-1]
            late = median(moment - stamp - (frame - newest) / self._rate for frame, moment in anchors)
            self._line = newest, stamp + late
            self._renew_at = added + (1 if added < ANCHORS // 4 else ANCHORS // 4)
        frame, moment = self._line
        return round(frame + (at - moment) * self._rate)


class Place(NamedTuple):
    """A frame, counted over all runs, and the run it belongs to, by its first frame; may lie before and behind it."""

    run: int
    frame: int


class PlayedSound:
    """A ring of the frames of one device, with the times at which they sound. One thread adds, one asks.

    Times are seconds of time.monotonic(); a frame is one sample of the mono sound that all channels get, after the
    volume, silence included.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._ring = np.zeros(KEEP_S * rate, np.int16)
        self._written = 0
        self._runs: deque[_Run] = deque(maxlen=RUNS)

    # ---- by the device

    def restart(self) -> None:
        """The device is about to start."""
        self._runs.append(_Run(self._written, self.rate))

    def add(self, samples: Samples, sound: bool, heard_at: float) -> None:
        """In the device's callback: what it was handed, heard from `heard_at` on; not `sound`: only silence."""
        if not self._runs:
            self.restart()
        run, begin, size = self._runs[-1], self._written, len(self._ring)
        place = begin % size
        head = min(len(samples), size - place)
        self._ring[place : place + head] = samples[:head]
        self._ring[: len(samples) - head] = samples[head:]
        self._written = begin + len(samples)
        if sound:
            if run.sounds and run.sounds[-1][1] == begin:
                run.sounds[-1] = (run.sounds[-1][0], self._written)
            else:
                run.sounds.append((begin, self._written))
        run.anchors.append((begin, heard_at))
        run.added += 1

    def cut(self, at: float) -> None:
        """The device was stopped at once: what would sound after `at` never will."""
        run = self._runs[-1] if self._runs else None
        if run is not None and run.end is None and run.anchors:
            run.end = max(run.first, min(self._written, run.frame_at(at)))

    # ---- by the reader

    def place(self, at: float) -> Place | None:
        """What sounds at `at`, or would if the device had begun a little earlier; None: nothing has been played yet."""
        found = None
        for run in reversed(self._runs):
            if run.anchors:
                frame = run.frame_at(at)
                if found is None or frame >= run.first:
                    found = Place(run.first, frame)
                if frame >= run.first - BEFORE_S * self.rate:
                    break
        return found

    def young(self, run: int) -> bool:
        """The device has just been started in it, fills its buffer, and its times are worth little."""
        newest = self._runs[-1] if self._runs else None
        return newest is not None and newest.first == run and newest.end is None and newest.added < YOUNG

    def known(self, run: int) -> float:
        """The first frame of the run that may yet be handed over; infinite once the device was stopped."""
        newest = self._runs[-1] if self._runs else None
        return self._written if newest is not None and newest.first == run and newest.end is None else math.inf

    def read(self, place: Place, count: int) -> Samples:
        """`count` frames from a place on; zeros for what is not known, was never heard, or is too long ago."""
        out, size = np.zeros(count, np.int16), len(self._ring)
        after = self._written
        for run in reversed(self._runs):
            if run.first == place.run:
                begin = max(place.frame, run.first, self._written - size)
                end = min(place.frame + count, after if run.end is None else run.end)
                if begin < end:
                    first = begin % size
                    head = self._ring[first : first + end - begin]
                    out[begin - place.frame : begin - place.frame + len(head)] = head
                    out[begin - place.frame + len(head) : end - place.frame] = self._ring[: end - begin - len(head)]
                break
            after = run.first
        return out

    def sounding(self, begin: float, end: float) -> bool:
        """Whether anything but silence sounds between two times, as far as it has been handed over."""
        for run in reversed(self._runs):
            if not run.anchors or not run.sounds:
                continue
            newest, stamp = run.anchors[-1]  # one anchor will do: a few ms don't matter here
            first = newest + (begin - stamp) * self.rate
            last = newest + (end - stamp) * self.rate
            heard = run.end if run.end is not None else self._written
            last = min(last, heard)
            for start, stop in reversed(tuple(run.sounds)):
                if start < last and min(stop, heard) > first:
                    return True
        return False
