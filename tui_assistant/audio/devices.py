"""The real devices of this machine: what there is, and opening one by the name that a user gives."""

from __future__ import annotations

import sys
from typing import Literal

from tui_assistant.audio import miniaudio_backend, portaudio
from tui_assistant.audio.base import DeviceInfo, DeviceList, Microphone, OutputDevice
from tui_assistant.audio.matching import choose
from tui_assistant.audio.microphone import PortAudioMicrophone
from tui_assistant.audio.miniaudio_backend import MiniaudioMicrophone, MiniaudioSpeaker
from tui_assistant.audio.speaker import PortAudioSpeaker
from tui_assistant.errors import DeviceError

Backend = Literal["auto", "portaudio", "miniaudio"]
Side = Literal["input", "output"]


def list_devices(*, refresh: bool = False, backend: Backend = "auto") -> DeviceList:
    """All devices; never raises: `problem` says why there are none.

    "auto" is PortAudio, and on Linux miniaudio where PortAudio is missing or finds nothing. `refresh` makes PortAudio
    look for new devices, which takes about 50 ms of audio from those in use.
    """
    if backend == "miniaudio":
        return miniaudio_backend.list_devices()
    problem = ""
    if refresh:
        try:
            portaudio.refresh(force=True)
        except DeviceError as error:
            problem = error.message
    found = portaudio.list_devices()
    if backend == "auto" and sys.platform == "linux" and not (found.inputs or found.outputs):
        other = miniaudio_backend.list_devices()
        if other.inputs or other.outputs:
            return other
    if problem and not found.problem:
        found = DeviceList(found.backend, found.inputs, found.outputs, problem)
    return found


def open_microphone(name: str | None = None, *, backend: Backend = "auto") -> Microphone:
    """The microphone called `name` (exactly, by index, or by a part that only one has); None: the default one.

    It is not started yet. DeviceError names what there is. Also the way back after a loss: close the lost one, call
    this and `start` until both succeed, every second or so; devices that came in the meantime are found.
    """
    devices, info = _find(name, "input", backend)
    return MiniaudioMicrophone(info) if devices.backend == "miniaudio" else PortAudioMicrophone(info)


def open_speaker(name: str | None = None, *, backend: Backend = "auto") -> OutputDevice:
    """The speaker called `name`; otherwise as `open_microphone`."""
    devices, info = _find(name, "output", backend)
    return MiniaudioSpeaker(info) if devices.backend == "miniaudio" else PortAudioSpeaker(info)


def _find(name: str | None, side: Side, backend: Backend) -> tuple[DeviceList, DeviceInfo]:
    stale = portaudio.is_stale() and _refreshed(backend)
    try:
        return _chosen(name, side, backend)
    except DeviceError:
        if stale or not _refreshed(backend):
            raise
    return _chosen(name, side, backend)  # it may have been plugged in since the list was made


def _chosen(name: str | None, side: Side, backend: Backend) -> tuple[DeviceList, DeviceInfo]:
    devices = list_devices(backend=backend)
    kind, candidates = ("microphone", devices.inputs) if side == "input" else ("speaker", devices.outputs)
    return devices, choose(name, candidates, kind, problem=devices.problem)


def _refreshed(backend: Backend) -> bool:
    """Made PortAudio look again, if that is in use and now is a good time."""
    if backend == "miniaudio":
        return False
    try:
        return portaudio.refresh()
    except DeviceError:  # no PortAudio: nothing to refresh
        return False
