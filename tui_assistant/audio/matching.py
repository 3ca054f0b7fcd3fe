"""Finds the device that a user means."""

from __future__ import annotations

from tui_assistant.audio.base import DeviceInfo
from tui_assistant.errors import DeviceError

MAX_NAMED = 8  # devices named in an error; more don't fit into a line that is read


def choose(wanted: str | None, devices: tuple[DeviceInfo, ...], kind: str, *, problem: str = "") -> DeviceInfo:
    """The device meant by `wanted`: an exact name, an index, or a part that only one name has (in any case).

    None: the default one, else the first. `kind` is "microphone" or "speaker". DeviceError names what there is.
    """
    if not devices:
        raise DeviceError(problem or f"no {kind} found", no_device_hint(kind))
    if wanted is None:
        return next((device for device in devices if device.default), devices[0])
    exact = [device for device in devices if device.name == wanted]
    if exact:
        return exact[0]  # the same name under several host APIs: the backend lists the usual one first
    if wanted.strip().isdecimal():
        numbered = [device for device in devices if device.index == int(wanted)]
        if numbered:
            return numbered[0]
    found = [device for device in devices if wanted and wanted.casefold() in device.name.casefold()]
    names = {device.name for device in found}
    if len(names) == 1:
        return found[0]
    if names:
        raise DeviceError(f"'{wanted}' fits more than one {kind}", f"say which: {_listed(tuple(found))}")
    raise DeviceError(f"no {kind} is called '{wanted}'", f"there are: {_listed(devices)}")


def no_device_hint(kind: str) -> str:
    """What helps when there is none at all."""
    if kind == "microphone":
        return "plug one in (on Linux: apt install libportaudio2 libasound2-plugins), or use --input FILE.wav or --demo"
    return "plug one in, or use --output FILE.wav or --output none"


def _listed(devices: tuple[DeviceInfo, ...]) -> str:
    named = devices[:MAX_NAMED]
    shown = ", ".join(f"{device.index} {device.name}" if device.index >= 0 else device.name for device in named)
    return shown + (f" and {len(devices) - MAX_NAMED} more" if len(devices) > MAX_NAMED else "")
