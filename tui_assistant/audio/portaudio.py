"""PortAudio through sounddevice: loading it, its list of devices, opening streams, and refreshing the list.

PortAudio reads the list of devices once. Reading it again closes every open stream, so our devices register here and
are closed before and opened after it.
"""

from __future__ import annotations

import contextlib
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any, Protocol, TypeVar

from tui_assistant.audio.base import DeviceInfo, DeviceList
from tui_assistant.errors import DeviceError

# Error codes of portaudio.h.
INVALID_CHANNELS, INVALID_RATE, TIMED_OUT, UNAVAILABLE = -9998, -9997, -9987, -9985
PLUG_CHANNELS = 32  # so many are claimed by ALSA's plugins; their default of 44100 Hz is then no fact either
COMMON_RATES = (48_000, 44_100, 32_000, 24_000, 16_000, 8_000)
CALL_TIMEOUT_S = 0.5  # of starting or stopping a stream; Bluetooth needs up to about 0.3
REFRESH_EVERY_S = 5.0  # at most, while a microphone is in use: each time costs it about 50 ms of audio
INSTALL_HINT = "on Debian or Ubuntu: apt install libportaudio2 libasound2-plugins; or use --input FILE.wav, or --demo"

Stream = TypeVar("Stream")


class Suspendable(Protocol):
    """One of our devices with an open stream."""

    def busy(self) -> bool:
        """Its user would notice a short gap."""
        ...

    def suspend(self) -> None: ...

    def resume(self) -> None: ...


_open: weakref.WeakSet[Suspendable] = weakref.WeakSet()
_stuck: list[Any] = []  # streams with a call that never returned; kept, because closing them would not return either
_refreshed_at = 0.0
_stale = False  # a device could not be opened: the list may be out of date


def load() -> ModuleType:
    """The sounddevice module; DeviceError where it or PortAudio is missing."""
    try:
        import sounddevice
    except (ImportError, OSError) as error:  # OSError: "PortAudio library not found"
        raise DeviceError(f"no audio library: {error}", INSTALL_HINT) from None
    module: ModuleType = sounddevice
    return module


def register(device: Suspendable) -> None:
    """`device` has a stream, until it is collected or unregistered."""
    _open.add(device)


def unregister(device: Suspendable) -> None:
    """`device` has none any more."""
    _open.discard(device)


def list_devices() -> DeviceList:
    """As PortAudio knows them; `refresh` makes it look again."""
    try:
        sounddevice = load()
    except DeviceError as error:
        return DeviceList(problem=error.message)
    try:
        devices, hosts = sounddevice.query_devices(), sounddevice.query_hostapis()
    except sounddevice.PortAudioError as error:
        return DeviceList("PortAudio", problem=message(error))
    return DeviceList("PortAudio", _side("input", devices, hosts), _side("output", devices, hosts))


def _side(side: str, devices: Iterable[Any], hosts: Any) -> tuple[DeviceInfo, ...]:
    # PortAudio's own default: that of the first host that has one.
    default = next((host[f"default_{side}_device"] for host in hosts if host[f"default_{side}_device"] >= 0), -1)
    return tuple(
        DeviceInfo(device["index"], device["name"], hosts[device["hostapi"]]["name"], device["index"] == default)
        for device in devices
        if device[f"max_{side}_channels"] > 0
    )


def refresh(*, force: bool = False) -> bool:
    """Makes PortAudio look for devices again; says whether it did.

    Not while a speaker plays or a microphone is in use, unless the last time is REFRESH_EVERY_S ago or `force` is
    given: then their streams are closed for about 50 ms and opened again.
    """
    global _refreshed_at, _stale
    sounddevice = load()
    owners = list(_open)
    if _stuck:  # terminating closes all streams, and would wait for these
        return False
    if not force and any(owner.busy() for owner in owners) and time.monotonic() - _refreshed_at < REFRESH_EVERY_S:
        return False
    for owner in owners:
        owner.suspend()
    try:
        sounddevice._terminate()
        sounddevice._initialize()
    except sounddevice.PortAudioError as error:
        raise DeviceError(f"the audio system does not answer: {message(error)}", "try again later") from None
    finally:
        _refreshed_at, _stale = time.monotonic(), False
        for owner in owners:
            owner.resume()
    return True


def is_stale() -> bool:
    """A device of the list could not be opened since the last refresh."""
    return _stale


def code(error: Exception) -> int:
    """PortAudio's error number; 0 where there is none."""
    number = error.args[1] if len(error.args) > 1 else 0
    return number if isinstance(number, int) else 0


def message(error: Exception) -> str:
    """The error's text in one line (foreign)."""
    return " ".join(str(error.args[0] if error.args else error).split())


def open_stream(
    info: DeviceInfo, side: str, make: Callable[[int, int], Stream], preferred_rate: int | None = None
) -> tuple[Stream, int]:
    """Opens a stream by `make(rate, channels)`: native rate and mono where the device allows it, else what it allows.

    Returns the stream and its number of channels. DeviceError when nothing works.
    """
    sounddevice = load()
    try:
        facts = sounddevice.query_devices(info.index)
    except (ValueError, sounddevice.PortAudioError) as error:
        raise open_error(info, side, error) from None
    claimed = int(facts[f"max_{side}_channels"])
    native = int(facts["default_samplerate"])
    first = 48_000 if claimed >= PLUG_CHANNELS else native
    last: Exception | None = None
    for rate in dict.fromkeys([preferred_rate or first, first, native, *COMMON_RATES]):
        for channels in dict.fromkeys([1, 2, claimed]):
            try:
                return make(rate, channels), channels
            except sounddevice.PortAudioError as error:
                last = error
                if code(error) not in (INVALID_CHANNELS, INVALID_RATE):
                    raise open_error(info, side, error) from None
                if code(error) == INVALID_RATE:
                    break
    assert last is not None
    raise open_error(info, side, last) from None


def start_stream(stream: Any, info: DeviceInfo, side: str) -> None:
    """Starts it; once more when the first try times out, as some drivers do after a resume."""
    sounddevice = load()

    def start() -> None:
        stream.abort(ignore_errors=True)  # one that ended by itself counts as active until it is stopped
        try:
            stream.start()
        except sounddevice.PortAudioError as error:
            if code(error) != TIMED_OUT:
                raise
            stream.abort(ignore_errors=True)
            stream.start()

    try:
        bounded(start, stream)
    except sounddevice.PortAudioError as error:
        raise open_error(info, side, error) from None


def close_stream(stream: Any) -> None:
    """Closes it, whatever state it or its device is in."""

    def close() -> None:
        stream.abort(ignore_errors=True)
        stream.close(ignore_errors=True)

    if stream is not None and stream not in _stuck:
        with contextlib.suppress(DeviceError):  # stuck: left to the end of the process
            bounded(close, stream)


def bounded(call: Callable[[], None], stream: Any) -> None:
    """Makes a call that waits for ever when the device of `stream` has gone, as ALSA's plugin for PulseAudio does.

    The call runs on a thread that lives just so long, usually 1 ms. After CALL_TIMEOUT_S it is left alone and the
    stream counts as stuck: DeviceError.
    """
    failure: list[Exception] = []

    def run() -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001  # handed to the caller below, whatever it is
            failure.append(error)

    thread = threading.Thread(target=run, name="audio-call", daemon=True)
    thread.start()
    thread.join(CALL_TIMEOUT_S)
    if thread.is_alive():
        _stuck.append(stream)
        raise DeviceError("the audio device does not answer", "choose another device")
    if failure:
        raise failure[0]


def open_error(info: DeviceInfo, side: str, error: Exception) -> DeviceError:
    """One line that says what to do next; remembers that the list may be out of date."""
    global _stale
    _stale = True
    kind = "microphone" if side == "input" else "speaker"
    hint = "choose another device, or close the program that uses it"
    if code(error) == UNAVAILABLE:
        hint = "another program uses it: close that, or choose another device"
    return DeviceError(f"{kind} '{info.name}' cannot be opened: {message(error)}", hint)
