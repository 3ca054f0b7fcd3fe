"""Sound on Linux where PortAudio is not installed: miniaudio's wheel carries its own backend.

What it cannot do: it tells neither when a sample was taken nor when one will be heard, so positions are estimated from
the size of its buffer (within about 20 ms instead of 5).
"""

from __future__ import annotations

import atexit
import contextlib
import time
import weakref
from collections.abc import Generator
from typing import Any

import numpy as np

from tui_assistant.audio.base import DeviceInfo, DeviceList, DeviceState
from tui_assistant.audio.queued import QueuedSpeaker
from tui_assistant.audio.ringed import BLOCK_S, RingMicrophone
from tui_assistant.errors import DeviceError

DEFAULT_INDEX = -1
ALSA_NULL = "Discard all samples"  # how alsa.conf describes it
PERIOD_MS = 20  # of the speaker; three periods are its buffer
PERIODS = 3
APP_NAME = "tui-assistant"
HINT = "choose another device; or use --input FILE.wav and --output none"


def load() -> Any:
    """The miniaudio module; DeviceError where it is missing."""
    try:
        import miniaudio
    except (ImportError, OSError) as error:
        raise DeviceError(f"no audio library: {error}", "pip install miniaudio, or apt install libportaudio2") from None
    return miniaudio


def _backends(miniaudio: Any) -> list[Any]:
    # Named, because the automatic choice ends with a backend that swallows everything and reports success.
    # Without JACK: its library prints and waits where no server runs, and PipeWire speaks PulseAudio too.
    return [miniaudio.Backend.PULSEAUDIO, miniaudio.Backend.ALSA]


def list_devices() -> DeviceList:
    """As the sound server or ALSA names them, preceded by the default."""
    try:
        host, inputs, outputs = _query()
    except DeviceError as error:
        return DeviceList(problem=error.message)
    return DeviceList("miniaudio", _side(host, inputs), _side(host, outputs))


def _query() -> tuple[str, list[dict[str, Any]], list[dict[str, Any]]]:
    """Host, inputs and outputs; those that refuse to be described do not work and are left out."""
    miniaudio = load()

    base: Any = miniaudio.Devices

    class Described(base):  # type: ignore[misc]  # the library has no type information
        """One broken device must not spoil the list, as it does in the base class."""

        def _get_info(self, *arguments: Any) -> dict[str, Any]:
            try:
                facts: dict[str, Any] = super()._get_info(*arguments)
            except miniaudio.MiniaudioError:
                return {"broken": True}
            return facts

    try:
        devices = Described(_backends(miniaudio))
        inputs, outputs = devices.get_captures(), devices.get_playbacks()
    except miniaudio.MiniaudioError as error:
        raise DeviceError(f"no sound server and no sound card: {_text(error)}", HINT) from None
    return devices.backend, _usable(inputs), _usable(outputs)


def _usable(devices: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without ALSA's null device, which every machine has, also one without a sound card."""
    return [device for device in devices if not device.get("broken") and not device["name"].startswith(ALSA_NULL)]


def _side(host: str, devices: list[dict[str, Any]]) -> tuple[DeviceInfo, ...]:
    named = tuple(DeviceInfo(index, device["name"], host) for index, device in enumerate(devices))
    return (DeviceInfo(DEFAULT_INDEX, "default", host, default=True), *named) if named else ()


def _device_id(info: DeviceInfo, side: str) -> Any:
    """The library's handle of the device, found by its name; None for the default."""
    if info.index == DEFAULT_INDEX:
        return None
    _, inputs, outputs = _query()
    for device in inputs if side == "input" else outputs:
        if device["name"] == info.name:
            return device["id"]
    raise DeviceError(f"'{info.name}' is not there any more", HINT)


def _text(error: Exception) -> str:
    return " ".join(str(part) for part in error.args)


def _open(make: Any, info: DeviceInfo, side: str, **options: Any) -> Any:
    """An opened device, mono int16 at its native rate."""
    miniaudio = load()
    kind = "microphone" if side == "input" else "speaker"
    try:
        return make(
            miniaudio.SampleFormat.SIGNED16,
            1,
            0,  # native rate
            device_id=_device_id(info, side),
            backends=_backends(miniaudio),
            app_name=APP_NAME,
            **options,
        )
    except miniaudio.MiniaudioError as error:
        raise DeviceError(f"{kind} '{info.name}' cannot be opened: {_text(error)}", HINT) from None


def _begin(device: Any, info: DeviceInfo, side: str, callback: Generator[bytes, Any, None]) -> None:
    miniaudio = load()
    next(callback)
    try:
        device.start(callback)
    except miniaudio.MiniaudioError as error:
        kind = "microphone" if side == "input" else "speaker"
        raise DeviceError(f"{kind} '{info.name}' cannot be started: {_text(error)}", HINT) from None


def _end(device: Any) -> None:
    """Stops the callbacks and drops what the device holds."""
    miniaudio = load()
    with contextlib.suppress(miniaudio.MiniaudioError):  # it is gone already
        device.stop()


_devices: weakref.WeakSet[MiniaudioMicrophone | MiniaudioSpeaker] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """The library waits for a callback that cannot come any more when Python takes down an open device."""
    for device in list(_devices):
        device.close()


def _close(device: Any) -> None:
    """Also frees the library's context, which its close() leaves behind: we may reopen every second."""
    if device is not None:
        device.close()
        load().lib.ma_context_uninit(device._context)


class MiniaudioMicrophone(RingMicrophone):
    """Blocks of 10 ms; the library mixes to mono."""

    def __init__(self, info: DeviceInfo) -> None:
        super().__init__(info.name)
        self._info = info
        self._device: Any = None

    def start(self) -> None:
        """DeviceError when the device cannot be opened."""
        self._device = _open(load().CaptureDevice, self._info, "input", buffersize_msec=round(BLOCK_S * 1000))
        _devices.add(self)
        self._prepare(int(self._device._device.sampleRate))
        try:
            _begin(self._device, self._info, "input", self._callback())
        except DeviceError:
            self._close_device()
            raise

    def _callback(self) -> Generator[bytes, Any, None]:
        """On the library's thread: receives each block."""
        while True:
            samples = np.frombuffer((yield b""), np.int16)
            self._take(samples, time.monotonic() - samples.size / self.rate)

    def close(self) -> None:
        """What has come and is not read stays readable."""
        self._state = DeviceState.CLOSED
        self._close_device()

    def _close_device(self) -> None:
        device, self._device = self._device, None
        _close(device)


class MiniaudioSpeaker(QueuedSpeaker):
    """Opened by `start`; runs while there is something to play."""

    def __init__(self, info: DeviceInfo) -> None:
        super().__init__(info.name)
        self._info = info
        self._device: Any = None

    def start(self) -> None:
        """DeviceError when the device cannot be opened."""
        self._device = _open(
            load().PlaybackDevice, self._info, "output", buffersize_msec=PERIOD_MS, callback_periods=PERIODS
        )
        _devices.add(self)
        self._prepare(int(self._device._device.sampleRate), PERIOD_MS * PERIODS / 1000)

    def _device_start(self) -> None:
        if self._device is None:
            raise DeviceError(f"speaker '{self.name}' is not open", HINT)
        _end(self._device)
        self._frames, self._started = 0, time.monotonic()
        _begin(self._device, self._info, "output", self._callback())

    def _device_abort(self) -> None:
        if self._device is not None:
            _end(self._device)

    def _callback(self) -> Generator[bytes, Any, None]:
        """On the library's thread: is told how many frames are wanted."""
        wanted = yield b""
        while True:
            block = np.zeros(wanted, np.int16)
            # The device began with an empty buffer, and plays on without a gap unless it ran dry.
            now = time.monotonic()
            due = self._started + self._frames / self.rate
            if due < now:
                self.underruns += bool(self._frames and self._queue)
                self._started += now - due
                due = now
            self._frames += wanted
            self._fill(block, due)
            wanted = yield block.tobytes()

    def close(self) -> None:
        """At once; what is not heard is dropped."""
        self.flush()
        self._state = DeviceState.CLOSED
        device, self._device = self._device, None
        _close(device)
