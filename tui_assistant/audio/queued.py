"""What all real loudspeakers share: a queue, a device that runs only while there is something to play, a playhead.

Why it does not run all the time: a running device holds a buffer of silence, 150 ms long so that no stall of the
program is heard, and every answer would wait behind it. A device that starts with the answer in its buffer is heard at
once.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import deque

import numpy as np

from tui_assistant.audio.base import MAX_QUEUE_S, DeviceState
from tui_assistant.audio.fade import DUCKED, Fade
from tui_assistant.audio.fifo import EMPTY, SampleFifo
from tui_assistant.audio.played import PlayedSound
from tui_assistant.audio.playhead import Playhead
from tui_assistant.audio.watchdog import Watchdog
from tui_assistant.errors import DeviceError
from tui_assistant.sound.samples import Samples

LATENCY_S = 0.15  # of the device's buffer: outlasts most stalls, costs nothing when flushed
START_WAIT_S = 0.04  # a first piece too short to fill the buffer waits so long for the next
SLACK_S = 0.3  # a device may hold more than it says
IDLE_STOP_S = 0.5  # of silence after the last sample; sentences follow each other closer


class QueuedSpeaker(ABC):
    """A loudspeaker whose device calls `_fill`. A subclass opens, starts and stops the device."""

    echoes = True

    def __init__(self, name: str) -> None:
        self.name = name
        self.rate = 0
        self.gain = 1.0
        self.underruns = 0
        self.dropped = 0
        self._queue: SampleFifo | None = None
        self._fade = Fade()
        self._ducked = False
        self._taken: deque[Samples] = deque()  # what the device was handed last, before the volume
        self._taken_size = 0
        self._playhead = Playhead(1)
        self.played_sound: PlayedSound | None = None
        self._latency_s = LATENCY_S
        self._watchdog = Watchdog()
        self._calls = 0
        self._waiting_since: float | None = None
        self._running = False  # the device calls
        self._idle_frames = 0
        self._ending = False  # it was told to stop, or has stopped itself because there is nothing to play
        self._finished = False  # it said that it ended
        self._state = DeviceState.RUNNING

    # ---- the device

    @abstractmethod
    def _device_start(self) -> None:
        """Begins the callbacks; raises DeviceError, after half a second at the latest."""

    @abstractmethod
    def _device_abort(self) -> None:
        """Ends them and drops what the device holds; never raises."""

    def _prepare(self, rate: int, latency_s: float) -> None:
        """The device is open at `rate`. What is queued stays when it was merely opened anew."""
        if self._queue is None or rate != self.rate:
            self.rate = rate
            self._queue = SampleFifo(MAX_QUEUE_S * rate)
            self._playhead = Playhead(rate)
            self.played_sound = PlayedSound(rate)
        self._latency_s = latency_s

    def _fill(self, out: Samples, heard_at: float) -> bool:
        """In the device's callback: fills `out`, heard from `heard_at` (time.monotonic()) on. True: nothing to play."""
        assert self._queue is not None
        assert self.played_sound is not None
        self._calls += 1
        samples = self._queue.pop(out.size)
        count = samples.size
        self._remember(samples)
        self._fade.target = self.gain * (DUCKED if self._ducked else 1.0)
        out[:count] = self._fade.apply(samples, self.rate)
        out[count:] = 0
        self._playhead.add(out.size, count, heard_at)
        self.played_sound.add(out, count > 0, heard_at)
        self._idle_frames = 0 if count else self._idle_frames + out.size
        if self._idle_frames > (IDLE_STOP_S + self._latency_s) * self.rate:
            self._ending = True
            return True
        return False

    def _remember(self, samples: Samples) -> None:
        """As much as the device may hold, for `duck`."""
        if samples.size:
            self._taken.append(samples)
            self._taken_size += samples.size
        while self._taken and self._taken_size - self._taken[0].size > (self._latency_s + SLACK_S) * self.rate:
            self._taken_size -= self._taken.popleft().size

    def _on_finished(self) -> None:
        """The device has ended its callbacks, by itself or because it was told to."""
        self._running = False
        if not self._ending:
            self._finished = True

    # ---- what the Talk calls

    @property
    def state(self) -> DeviceState:
        """A device that does not run is not watched: it is found lost when it is to play."""
        self._pump()
        watched = self._state is DeviceState.RUNNING and self._running
        if watched and self._watchdog.check(self._calls, time.monotonic()):
            self._state = DeviceState.LOST
        return self._state

    def write(self, samples: Samples) -> None:
        """The device starts when its buffer can be filled, or START_WAIT_S later."""
        if self._queue is None or self._state is not DeviceState.RUNNING or not samples.size:
            return
        if self._running and self.pending() == 0:
            self._stop()  # what it holds is silence: the answer need not wait behind it
        self.dropped += self._queue.push(samples)
        self._pump()

    def flush(self) -> None:
        """Aborts the device."""
        now = time.monotonic()
        if self._queue is None:
            return
        self._queue.clear()
        if self._running:
            self._stop()
        self._playhead.cut(now)
        self._waiting_since = None
        self._ducked = False
        self._fade.restart()

    def duck(self, down: bool) -> None:
        """Takes back what the device holds and hands it over anew, else it would be heard as loud as before.

        That costs a gap of some 10 ms; then the sound fades in.
        """
        was, self._ducked = self._ducked, down
        if not down or was or not self._running or self._queue is None or self._playhead.handed == self.played():
            return
        now = time.monotonic()
        self._stop()
        unheard = self._playhead.cut(now)
        taken = np.concatenate(self._taken) if self._taken else EMPTY
        kept = max(0, taken.size - unheard)
        self._queue.unpop(taken[kept:])
        self._taken, self._taken_size = deque([taken[:kept]]), kept
        self._fade.restart(0.0)
        self._begin()

    def played(self) -> int:
        """By the device's clock."""
        self._pump()
        return self._playhead.heard(time.monotonic())

    def pending(self) -> int:
        """Queued, or in the device's buffer."""
        self._pump()
        queued = len(self._queue) if self._queue is not None else 0
        return queued + self._playhead.handed - self._playhead.heard(time.monotonic())

    def _pump(self) -> None:
        """Starts the device when it is time to, and stops one that has nothing to play."""
        if self._finished and self._state is DeviceState.RUNNING:
            self._state = DeviceState.LOST
        if self._running and self._ending:
            self._stop()
        if self._running or self._queue is None or self._state is not DeviceState.RUNNING or not len(self._queue):
            return
        now = time.monotonic()
        if self._waiting_since is None:
            self._waiting_since = now
        if len(self._queue) < self._latency_s * self.rate and now - self._waiting_since < START_WAIT_S:
            return
        self._waiting_since = None
        self._begin()

    def _begin(self) -> None:
        self._playhead.restart()
        if self.played_sound is not None:
            self.played_sound.restart()
        self._idle_frames = 0
        self._ending = self._finished = False
        self._watchdog.restart()
        self._running = True  # before the start: the first callbacks come while it goes on
        try:
            self._device_start()
        except DeviceError:  # gone while nothing was played
            self._running = False
            self._state = DeviceState.LOST

    def _stop(self) -> None:
        self._ending = True
        if self.played_sound is not None:
            self.played_sound.cut(time.monotonic())
        self._device_abort()
        self._running = False
