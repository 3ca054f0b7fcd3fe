from __future__ import annotations

import pytest

from tui_assistant.audio import devices, miniaudio_backend, portaudio
from tui_assistant.audio.base import DeviceInfo, DeviceList
from tui_assistant.audio.devices import list_devices, open_microphone, open_speaker
from tui_assistant.audio.microphone import PortAudioMicrophone
from tui_assistant.audio.miniaudio_backend import MiniaudioSpeaker
from tui_assistant.errors import DeviceError

MIC, HEADSET = DeviceInfo(0, "Built-in", "ALSA", default=True), DeviceInfo(1, "Headset", "ALSA")


@pytest.fixture
def machine(monkeypatch):
    """What each backend finds; a test changes it."""
    found = {"portaudio": DeviceList("PortAudio", (MIC,), (MIC,)), "miniaudio": DeviceList(), "refreshes": 0, "new": ()}

    def refresh(*, force: bool = False) -> bool:
        found["refreshes"] += 1
        found["portaudio"] = DeviceList("PortAudio", (*found["portaudio"].inputs, *found["new"]), (MIC,))
        return True

    monkeypatch.setattr(portaudio, "list_devices", lambda: found["portaudio"])
    monkeypatch.setattr(portaudio, "refresh", refresh)
    monkeypatch.setattr(portaudio, "is_stale", lambda: False)
    monkeypatch.setattr(miniaudio_backend, "list_devices", lambda: found["miniaudio"])
    monkeypatch.setattr(devices.sys, "platform", "linux")
    return found


def test_the_default_is_opened_without_a_refresh(machine) -> None:
    microphone = open_microphone()
    assert isinstance(microphone, PortAudioMicrophone)
    assert (microphone.name, machine["refreshes"]) == ("Built-in", 0)


def test_a_device_plugged_in_later_is_found(machine) -> None:
    machine["new"] = (HEADSET,)
    assert open_microphone("headset").name == "Headset"
    assert machine["refreshes"] == 1


def test_a_stale_list_is_refreshed_first(machine, monkeypatch) -> None:
    monkeypatch.setattr(portaudio, "is_stale", lambda: True)
    open_microphone()
    assert machine["refreshes"] == 1


def test_an_unknown_device_is_an_error_that_lists_what_there_is(machine) -> None:
    with pytest.raises(DeviceError, match="'nothing'") as caught:
        open_microphone("nothing")
    assert "0 Built-in" in caught.value.hint


def test_without_portaudio_linux_uses_miniaudio(machine) -> None:
    machine["portaudio"] = DeviceList(problem="no audio library: PortAudio library not found")
    machine["miniaudio"] = DeviceList("miniaudio", (), (DeviceInfo(-1, "default", "PulseAudio", default=True),))
    machine["new"] = ()
    assert list_devices().backend == "miniaudio"


def test_a_speaker_of_miniaudio(machine, monkeypatch) -> None:
    machine["miniaudio"] = DeviceList("miniaudio", (), (DeviceInfo(-1, "default", "PulseAudio", default=True),))
    speaker = open_speaker(backend="miniaudio")
    assert isinstance(speaker, MiniaudioSpeaker)
    assert speaker.echoes


def test_elsewhere_the_reason_is_given(machine, monkeypatch) -> None:
    monkeypatch.setattr(devices.sys, "platform", "darwin")
    machine["portaudio"] = DeviceList(problem="no audio library: PortAudio library not found")
    machine["miniaudio"] = DeviceList("miniaudio", (HEADSET,), ())
    monkeypatch.setattr(portaudio, "refresh", lambda *, force=False: False)
    assert list_devices().problem == "no audio library: PortAudio library not found"
    with pytest.raises(DeviceError, match="PortAudio library not found") as caught:
        open_microphone()
    assert "--input" in caught.value.hint
