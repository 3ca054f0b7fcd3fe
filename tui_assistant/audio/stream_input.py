"""A pipe as the microphone (`--input -`): raw s16le mono, or WAV when it begins with RIFF."""

from __future__ import annotations

import io
import threading
import time
from typing import BinaryIO

import numpy as np

from tui_assistant.audio.base import DeviceState
from tui_assistant.audio.files import Clock
from tui_assistant.errors import AssistantError, DeviceError
from tui_assistant.sound.ring import SampleRing
from tui_assistant.sound.samples import Samples
from tui_assistant.sound.wav import WavReader

AHEAD_S = 30  # read ahead of time at most; then the pipe pushes back on who fills it
BLOCK_S = 0.01  # read at a time: what a live recorder writes shall not wait for more
START_TIMEOUT_S = 10.0  # until the first bytes tell the format; a recorder needs under 1 s


class StreamMicrophone:
    """Reads `stream` on a thread of its own, as fast as it comes; hands out at the pace of time, nothing in a stall.

    ENDED at the end of the stream, once everything has been read; then silence goes on. A stream that cannot be read
    any further (damaged, closed) ends there.
    """

    silent = False  # what is piped in is meant

    def __init__(
        self, stream: BinaryIO, *, rate: int = 16_000, name: str = "standard input", clock: Clock = time.monotonic
    ) -> None:
        """`rate` is that of raw samples; a WAV brings its own."""
        self.name = name
        self.rate = rate
        self.lost = 0  # never: the pipe pushes back
        self._stream = stream
        self._clock = clock
        self._known = threading.Event()  # the format is known, or it has failed
        self._room = threading.Condition()
        self._error: AssistantError | None = None
        self._ring: SampleRing | None = None
        self._waiting: list[Samples] = []  # taken from the ring, not due yet
        self._given = 0  # by the ring
        self._started: float | None = None
        self._position = 0
        self._over = threading.Event()
        self._silent_from: float | None = None
        self._closed = False

    @property
    def position(self) -> int:
        """What was handed out."""
        return self._position

    @property
    def state(self) -> DeviceState:
        """ENDED once the stream is over and all of it has been read."""
        if self._closed:
            return DeviceState.CLOSED
        return DeviceState.ENDED if self._silent_from is not None else DeviceState.RUNNING

    def start(self) -> None:
        """Waits for the first bytes, at most START_TIMEOUT_S; DeviceError when they are no audio."""
        threading.Thread(target=self._run, name="audio-stdin", daemon=True).start()  # may hang in a read for ever
        if not self._known.wait(START_TIMEOUT_S):
            raise DeviceError(f"{self.name}: no audio came in {START_TIMEOUT_S:.0f} s", "pipe s16le or WAV into it")
        if self._error is not None:
            raise DeviceError(self._error.message, self._error.hint)
        self._started = self._clock()

    def _run(self) -> None:
        try:
            source = self._open()
            ring = self._ring = SampleRing(AHEAD_S * self.rate)
            self._known.set()
            block = max(1, int(self.rate * BLOCK_S))
            while not self._closed and (samples := source.read(block)).size:
                with self._room:
                    while not self._closed and ring.written + samples.size - self._position > ring.capacity:
                        self._room.wait(0.5)
                    ring.write(samples)
        except AssistantError as error:
            self._error = error
        except (OSError, ValueError) as error:  # a terminal instead of a pipe, or closed under us
            self._error = DeviceError(f"{self.name}: cannot be read: {error}", "pipe s16le or WAV into it")
        finally:
            self._over.set()
            self._known.set()

    def _open(self) -> WavReader | _RawReader:
        head = b""
        while len(head) < 4 and (more := self._stream.read(4 - len(head))):
            head += more
        whole = _Joined(head, self._stream)
        if head != b"RIFF":
            return _RawReader(whole)
        reader = WavReader(whole, self.name)  # type: ignore[arg-type]  # it only ever calls read(count)
        self.rate = reader.rate
        return reader

    def read(self) -> Samples:
        """What has come and is due; after the end, silence."""
        if self._started is None or self._closed or self._ring is None:
            return np.zeros(0, np.int16)
        now = self._clock()
        over = self._over.is_set()  # before the ring is read: what came before the end is then in it
        if self._silent_from is None:
            sound = self._take(int((now - self._started) * self.rate + 1e-6) - self._position)
            if over and not self.ahead:
                self._silent_from = now
            return sound
        count = int((now - self._silent_from) * self.rate + 1e-6)
        self._silent_from += count / self.rate
        self._position += count
        return np.zeros(count, np.int16)

    @property
    def ahead(self) -> int:
        """Samples read ahead of time."""
        assert self._ring is not None
        return self._ring.written - self._given

    def _take(self, count: int) -> Samples:
        assert self._ring is not None
        new = self._ring.read()
        if new.size:
            self._waiting.append(new)
        pool = np.concatenate(self._waiting) if self._waiting else np.zeros(0, np.int16)
        sound = pool[: max(0, count)]
        self._waiting = [pool[sound.size :]] if sound.size < pool.size else []
        self._given += sound.size
        with self._room:
            self._position += sound.size
            self._room.notify()
        return sound

    def position_at(self, at: float) -> int:
        """Near enough: a pipe carries no times."""
        return max(0, self._position + round((at - self._clock()) * self.rate))

    def close(self) -> None:
        """Leaves the stream open: it isn't ours. The thread ends with its next read."""
        with self._room:
            self._closed = True
            self._room.notify()


class _Joined(io.RawIOBase):
    """`head`, then the rest of `stream`."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        super().__init__()
        self._head, self._stream = head, stream

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; none at the end."""
        if self._head:
            piece, self._head = self._head[:size], self._head[size:]
            return piece
        return self._stream.read(size) or b""


class _RawReader:
    """s16le mono; half a sample at the end is dropped."""

    def __init__(self, stream: _Joined) -> None:
        self._stream = stream

    def read(self, frames: int) -> Samples:
        data = b""
        while len(data) < frames * 2 and (piece := self._stream.read(frames * 2 - len(data))):
            data += piece
        return np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.int16)
