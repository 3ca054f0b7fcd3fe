from __future__ import annotations

import pytest

from tui_assistant.audio.base import DeviceList
from tui_assistant.commands import devices


def test_that_there_is_no_device_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(devices, "list_quietly", lambda: DeviceList("PortAudio", (), (), ""))
    assert devices.run(as_json=False) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "no microphone and no speaker found (`tui-assistant doctor`" in err
