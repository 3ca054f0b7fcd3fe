"""Listing through miniaudio with a stand-in for the library; sound itself is in tests/terminal."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tui_assistant.audio import miniaudio_backend
from tui_assistant.audio.matching import choose
from tui_assistant.errors import DeviceError


class MiniaudioError(Exception):
    pass


class Devices:
    """As the library's: the second microphone cannot be described."""

    backend = "ALSA"
    names = ("USB", "Broken", "Discard all samples (playback) or generate zero samples (capture)")

    def __init__(self, backends) -> None:
        assert "null" not in backends

    def get_captures(self):
        return [{"name": name, "id": name, **self._get_info(name)} for name in self.names]

    def get_playbacks(self):
        return []

    def _get_info(self, name: str):
        if name == "Broken":
            raise MiniaudioError("can't get device info")
        return {"formats": []}


@pytest.fixture
def library(monkeypatch):
    fake = SimpleNamespace(
        Devices=Devices, MiniaudioError=MiniaudioError, Backend=SimpleNamespace(PULSEAUDIO="pulse", ALSA="alsa")
    )
    monkeypatch.setattr(miniaudio_backend, "load", lambda: fake)
    return fake


def test_broken_and_null_devices_are_left_out_and_the_default_comes_first(library) -> None:
    found = miniaudio_backend.list_devices()
    assert [device.name for device in found.inputs] == ["default", "USB"]
    assert found.outputs == ()
    assert choose(None, found.inputs, "microphone").name == "default"


def test_a_machine_with_nothing_but_the_null_device_has_none(library, monkeypatch) -> None:
    monkeypatch.setattr(Devices, "names", Devices.names[1:])
    assert miniaudio_backend.list_devices().inputs == ()


def test_without_a_sound_server_the_problem_is_said(library, monkeypatch) -> None:
    def none(_backends):
        raise MiniaudioError("cannot init context", -401)

    library.Devices = type("None_", (), {"__init__": lambda self, backends: none(backends)})
    assert "no sound card" in miniaudio_backend.list_devices().problem


def test_a_missing_library_is_a_problem(monkeypatch) -> None:
    def missing():
        raise DeviceError("no audio library: No module named 'miniaudio'")

    monkeypatch.setattr(miniaudio_backend, "load", missing)
    found = miniaudio_backend.list_devices()
    assert (found.backend, found.inputs) == ("", ())
    assert "miniaudio" in found.problem
