from __future__ import annotations

import pytest

from tui_assistant.audio.base import DeviceInfo
from tui_assistant.audio.matching import choose
from tui_assistant.errors import DeviceError

DEVICES = (
    DeviceInfo(0, "Built-in Audio", "ALSA"),
    DeviceInfo(3, "USB Headset", "ALSA"),
    DeviceInfo(5, "USB Camera", "ALSA", default=True),
    DeviceInfo(8, "7", "ALSA"),
)


@pytest.mark.parametrize(
    ("wanted", "index"),
    [(None, 5), ("USB Headset", 3), ("headset", 3), ("BUILT", 0), ("0", 0), ("7", 8), (" 3 ", 3)],
)
def test_default_name_part_and_index(wanted, index) -> None:
    assert choose(wanted, DEVICES, "microphone").index == index


def test_the_same_name_under_two_hosts_is_no_ambiguity() -> None:
    twice = (DeviceInfo(0, "Mic", "MME"), DeviceInfo(1, "Mic", "WASAPI"))
    assert choose("mic", twice, "microphone").index == 0


def test_without_a_default_the_first_is_taken() -> None:
    assert choose(None, DEVICES[:2], "microphone").index == 0


@pytest.mark.parametrize(("wanted", "says"), [("usb", "more than one"), ("nothing", "'nothing'"), ("", "''")])
def test_who_is_not_found_is_told_what_there_is(wanted, says) -> None:
    with pytest.raises(DeviceError, match=says) as caught:
        choose(wanted, DEVICES, "speaker")
    assert "USB Headset" in caught.value.hint
    assert "\n" not in str(caught.value)


def test_no_device_at_all() -> None:
    with pytest.raises(DeviceError, match="no microphone found") as caught:
        choose(None, (), "microphone")
    assert "--demo" in caught.value.hint
    assert "libportaudio2" in caught.value.hint
    with pytest.raises(DeviceError, match="no speaker found"):
        choose("x", (), "speaker")


def test_the_reason_for_having_none_is_kept() -> None:
    with pytest.raises(DeviceError, match="PortAudio library not found"):
        choose(None, (), "microphone", problem="no audio library: PortAudio library not found")
