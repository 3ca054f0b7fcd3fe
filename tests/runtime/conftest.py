"""Desks for the tests of the runtime: each is closed when its test ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from talk_desk import Desk, ScriptedLink, Socket, noise

from tui_assistant.audio.base import DeviceList
from tui_assistant.runtime import equipment
from tui_assistant.runtime.options import TalkOptions


@pytest.fixture
def open_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Desk]]:
    monkeypatch.setenv("TUI_ASSISTANT_STATE", str(tmp_path / "state"))
    desks: list[Desk] = []

    def open_one(**options: object) -> Desk:
        given = {"recording": noise(20), "recording_name": "noise", "output": "none", **options}
        desks.append(Desk(ScriptedLink(), TalkOptions(**given)))  # type: ignore[arg-type]
        return desks[-1]

    yield open_one
    for desk in desks:
        desk.talk.close()
        assert desk.link.closed


@pytest.fixture
def socket(monkeypatch: pytest.MonkeyPatch) -> Socket:
    made = Socket()
    monkeypatch.setattr(equipment, "open_microphone", made.open)
    monkeypatch.setattr(equipment, "list_devices", DeviceList)
    return made
