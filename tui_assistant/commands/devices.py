"""`tui-assistant devices`: the microphones and speakers that there are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from tui_assistant.commands import guard
from tui_assistant.safetext import clean

if TYPE_CHECKING:
    from tui_assistant.audio.base import DeviceInfo, DeviceList


def run(as_json: bool) -> int:
    """0; 1 when there is neither a microphone nor a speaker."""
    found = list_quietly()
    if as_json:
        click.echo(json.dumps(as_data(found)))
    else:
        for kind, devices in (("input", found.inputs), ("output", found.outputs)):
            for device in devices:
                click.echo(line(kind, device))
    if found.problem:
        guard.tell(found.problem)
    elif not found.inputs and not found.outputs:
        guard.tell("no microphone and no speaker found (`tui-assistant doctor` says what mends it)")
    return 0 if found.inputs or found.outputs else 1


def list_quietly() -> DeviceList:
    """The devices, while what ALSA prints on the way goes to the log."""
    from tui_assistant.audio.devices import list_devices
    from tui_assistant.commands.logs import quiet_libraries

    with quiet_libraries():
        return list_devices()


def line(kind: str, device: DeviceInfo) -> str:
    default = "  (default)" if device.default else ""
    return f"{kind:7} {device.index:3}  {clean(device.name)}  [{clean(device.host_api)}]{default}"


def as_data(found: DeviceList) -> dict[str, Any]:
    """For programs. Names are as the system gives them."""

    def listed(devices: tuple[DeviceInfo, ...]) -> list[dict[str, Any]]:
        return [
            {"index": each.index, "name": each.name, "host_api": each.host_api, "default": each.default}
            for each in devices
        ]

    return {
        "backend": found.backend,
        "inputs": listed(found.inputs),
        "outputs": listed(found.outputs),
        "problem": found.problem,
    }
