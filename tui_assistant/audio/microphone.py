"""A microphone through PortAudio."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from tui_assistant.audio import portaudio
from tui_assistant.audio.base import DeviceInfo, DeviceState
from tui_assistant.audio.matching import choose
from tui_assistant.audio.ringed import BLOCK_S, RingMicrophone
from tui_assistant.errors import DeviceError


class PortAudioMicrophone(RingMicrophone):
    """Opens the device with its native rate, in blocks of 10 ms; several channels are averaged."""

    def __init__(self, info: DeviceInfo) -> None:
        super().__init__(info.name)
        self._info = info
        self._stream: Any = None
        self._suspended_at: float | None = None

    def start(self) -> None:
        """DeviceError when the device cannot be opened."""
        self._open(None)
        portaudio.register(self)

    def _open(self, rate: int | None) -> None:
        sounddevice = portaudio.load()
        self._stream, _ = portaudio.open_stream(
            self._info,
            "input",
            lambda rate, channels: sounddevice.InputStream(
                samplerate=rate,
                blocksize=max(1, int(rate * BLOCK_S)),
                device=self._info.index,
                channels=channels,
                dtype="int16",
                latency="low",  # 0.1 s would deliver bursts of 40 ms
                callback=self._callback,
                finished_callback=self._on_finished,
            ),
            rate,
        )
        self._prepare(int(self._stream.samplerate))
        try:
            portaudio.start_stream(self._stream, self._info, "input")
        except DeviceError:
            self._close_stream()
            raise

    def _callback(self, data: Any, _frames: int, times: Any, status: Any) -> None:
        """On PortAudio's thread: copies and stamps, nothing else."""
        stream = self._stream
        if stream is None:  # we are closing it on another thread, and it has not ended yet
            return
        samples = data[:, 0] if data.shape[1] == 1 else np.rint(data.mean(axis=1)).astype(np.int16)
        # Stream time and monotonic time differ by an offset that only reading both tells.
        now, stream_now = time.monotonic(), stream.time
        taken_at = now - (stream_now - times.inputBufferAdcTime)
        if status and status.input_overflow:  # we stood still for longer than the device keeps what it hears
            self._fill_overflow(taken_at)
        self._take(samples, taken_at)

    def _on_finished(self) -> None:
        self._finished = True

    def close(self) -> None:
        """What has come and is not read stays readable."""
        self._state = DeviceState.CLOSED
        portaudio.unregister(self)
        self._close_stream()

    def _close_stream(self) -> None:
        stream, self._stream = self._stream, None
        portaudio.close_stream(stream)

    # ---- while the list of devices is refreshed

    def busy(self) -> bool:
        """Somebody listens."""
        return self.state is DeviceState.RUNNING

    def suspend(self) -> None:
        """Closes the stream for a moment."""
        self._suspended_at = time.monotonic() if self.state is DeviceState.RUNNING else None
        self._close_stream()

    def resume(self) -> None:
        """Opens it again and fills the gap with zeros, counted as lost; LOST when the device is not there any more."""
        if self._suspended_at is None:
            return
        try:
            self._info = choose(self.name, portaudio.list_devices().inputs, "microphone")  # its index may have moved
            self._fill_gap(time.monotonic() - self._suspended_at)  # before the callbacks write into the ring again
            self._open(self.rate)
        except DeviceError:
            self._state = DeviceState.LOST
