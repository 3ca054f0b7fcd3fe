"""A loudspeaker through PortAudio."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import numpy as np

from tui_assistant.audio import portaudio
from tui_assistant.audio.base import DeviceInfo, DeviceState
from tui_assistant.audio.matching import choose
from tui_assistant.audio.queued import LATENCY_S, QueuedSpeaker
from tui_assistant.errors import DeviceError

BLOCK_S = 0.01


class PortAudioSpeaker(QueuedSpeaker):
    """The stream is opened by `start` and runs while there is something to play."""

    def __init__(self, info: DeviceInfo) -> None:
        super().__init__(info.name)
        self._info = info
        self._stream: Any = None
        self._callback_stop: type[Exception] = Exception  # sounddevice's, known once that is loaded
        self._suspended = False
        self._block = np.zeros(0, np.int16)

    def start(self) -> None:
        """DeviceError when the device cannot be opened."""
        self._open(None)
        portaudio.register(self)

    def _open(self, rate: int | None) -> None:
        sounddevice = portaudio.load()
        self._callback_stop = sounddevice.CallbackStop
        self._stream, _ = portaudio.open_stream(
            self._info,
            "output",
            lambda rate, channels: sounddevice.OutputStream(
                samplerate=rate,
                blocksize=max(1, int(rate * BLOCK_S)),
                device=self._info.index,
                channels=channels,
                dtype="int16",
                latency=LATENCY_S,
                callback=self._callback,
                finished_callback=self._on_finished,
                prime_output_buffers_using_stream_callback=True,  # starts with the answer, not with silence
            ),
            rate,
        )
        self._prepare(int(self._stream.samplerate), float(self._stream.latency))

    def _callback(self, out: Any, frames: int, times: Any, status: Any) -> None:
        """On PortAudio's thread."""
        stream = self._stream
        if stream is None:  # we are closing it on another thread, and it has not ended yet
            out.fill(0)
            raise self._callback_stop
        if status.output_underflow and self._queue:
            self.underruns += 1
        if self._block.size != frames:
            self._block = np.zeros(frames, np.int16)
        now, stream_now = time.monotonic(), stream.time
        over = self._fill(self._block, now + (times.outputBufferDacTime - stream_now))
        out[:] = self._block[:, np.newaxis]  # the same on all channels
        if over:
            raise self._callback_stop

    def _device_start(self) -> None:
        if self._stream is None:
            raise DeviceError(f"speaker '{self.name}' is not open", "choose another device")
        portaudio.start_stream(self._stream, self._info, "output")

    def _device_abort(self) -> None:
        stream = self._stream
        if stream is not None:
            with contextlib.suppress(DeviceError):  # gone: the next start says so
                # abort: within 1 ms; stop() would play the buffer to its end.
                portaudio.bounded(lambda: stream.abort(ignore_errors=True), stream)

    def close(self) -> None:
        """At once; what is not heard is dropped."""
        self.flush()
        self._state = DeviceState.CLOSED
        portaudio.unregister(self)
        self._close_stream()

    def _close_stream(self) -> None:
        stream, self._stream = self._stream, None
        portaudio.close_stream(stream)

    # ---- while the list of devices is refreshed

    def busy(self) -> bool:
        """It is heard."""
        return self.state is DeviceState.RUNNING and self.pending() > 0

    def suspend(self) -> None:
        """Closes the stream for a moment; what the device held is lost, what is queued stays."""
        self._suspended = self.state is DeviceState.RUNNING
        self._stop()
        self._playhead.cut(time.monotonic())
        self._close_stream()

    def resume(self) -> None:
        """Opens it again; LOST when the device is not there any more."""
        if not self._suspended:
            return
        self._suspended = False
        try:
            self._info = choose(self.name, portaudio.list_devices().outputs, "speaker")  # its index may have moved
            self._open(self.rate)
        except DeviceError:
            self._state = DeviceState.LOST
